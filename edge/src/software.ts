/** What the edge calls itself at enrolment and in its reports. */
export const software = 'luban-edge 0.1.0';
