import { LogLevel, setLogLevel } from 'node-opcua-debug';

/**
 * node-opcua warns on the console of things that nobody can mend here. Imported before anything else of it, because
 * some of it speaks while it is being loaded.
 */
setLogLevel(LogLevel.Error);
