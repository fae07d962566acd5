/**
 * What a server does. `door`: takes samples and MQTT clients in. `api`: the API and the console; what only the leader knows it
 * asks of it. `writer`: stores, keeps the books, works on jobs; one at a time leads, the others stand by. By default a
 * server does all.
 */
export const serverRoles = ['door', 'api', 'writer'] as const;
export type ServerRole = (typeof serverRoles)[number];
