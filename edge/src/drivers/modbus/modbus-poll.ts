import { type QualityReason, qualityCode } from '@luban/contracts';
import { asDeviceFault, type DeviceFault } from '../device-fault.ts';
import type { Reading } from '../driver.ts';
import type { ModbusConnection } from './modbus-connection.ts';
import { decodePoint } from './modbus-decode.ts';
import { readRequest } from './modbus-frame.ts';
import { type Block, splitBlock } from './modbus-plan.ts';

/** What became of one round of reads. */
export interface PollResult {
  readonly readings: Reading[];
  /** The blocks to read the next time: refused ones are split until only what is refused stands alone. */
  readonly served: Block[];
  readonly refused: RefusedBlock[];
  /** Why the round ended early; the readings before it are true. */
  readonly fault: DeviceFault | null;
}

export interface RefusedBlock {
  readonly block: Block;
  readonly exception: number;
}

const good = qualityCode('good');

/** Reads each block once. All readings carry the one time of the round. Never rejects. */
export async function pollBlocks(
  connection: Pick<ModbusConnection, 'request'>,
  blocks: readonly Block[],
  timeUs: number,
): Promise<PollResult> {
  const readings: Reading[] = [];
  const served: Block[] = [];
  const refused: RefusedBlock[] = [];
  const todo = [...blocks].reverse();
  for (let block = todo.pop(); block !== undefined; block = todo.pop()) {
    try {
      const answer = await connection.request(readRequest(block.area, block.address, block.count));
      if (answer.ok) {
        served.push(block);
        for (const { point, address, offset } of block.points) {
          const value = decodePoint(address, answer.data, offset);
          const broken = typeof value === 'number' && !Number.isFinite(value);
          readings.push({
            point,
            value: broken ? null : value,
            quality: broken ? qualityCode('notANumber') : good,
            timeUs,
          });
        }
      } else if (isAddressRefusal(answer.exception) && block.points.length > 1) {
        todo.push(...splitBlock(block).reverse());
      } else {
        if (isLasting(answer.exception)) refused.push({ block, exception: answer.exception });
        else served.push(block);
        const quality = qualityCode(reasonOf(answer.exception));
        for (const { point } of block.points) readings.push({ point, value: null, quality, timeUs });
      }
    } catch (error) {
      return { readings, served: [...served, block, ...todo], refused, fault: asDeviceFault(error) };
    }
  }
  return { readings, served, refused, fault: null };
}

/** Illegal address; some devices say illegal value when a read touches what they do not have. */
function isAddressRefusal(exception: number): boolean {
  return exception === 2 || exception === 3;
}

/** Asking again at once cannot help. */
function isLasting(exception: number): boolean {
  return exception === 1 || isAddressRefusal(exception);
}

function reasonOf(exception: number): QualityReason {
  if (isLasting(exception)) return 'configuration';
  return exception === 10 || exception === 11 ? 'deviceSilent' : 'deviceError';
}
