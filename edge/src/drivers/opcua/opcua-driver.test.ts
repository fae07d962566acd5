import { itConforms } from '../driver-conformance.ts';
import { startOpcUaRig } from './opcua-rig.ts';

itConforms('OPC UA', startOpcUaRig);
