import packageFile from '../../package.json' with { type: 'json' };

/** Of this software, as its package has it. */
export const version: string = packageFile.version;
