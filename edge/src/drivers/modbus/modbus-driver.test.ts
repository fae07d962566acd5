import { itConforms } from '../driver-conformance.ts';
import { startModbusRig } from './modbus-rig.ts';

itConforms('Modbus TCP', startModbusRig);
