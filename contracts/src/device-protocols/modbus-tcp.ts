import { z } from 'zod';

export const modbusTcpSettings = z.object({
  host: z.string().trim().min(1).max(253),
  port: z.int().min(1).max(65_535).default(502),
  unitId: z.int().min(0).max(255).default(1),
  pollIntervalMs: z.int().min(50).max(3_600_000).default(1000),
  timeoutMs: z.int().min(50).max(60_000).default(2000),
  /** Points this many registers apart or less are read in one request. */
  maxGapRegisters: z.int().min(0).max(120).default(8),
  /** Some devices answer fewer than the 125 of the standard. */
  maxRegistersPerRead: z.int().min(1).max(125).default(125),
});
export type ModbusTcpSettings = z.infer<typeof modbusTcpSettings>;

export const modbusTcpAddress = z.object({
  /** holding: function 3; input: 4; coil: 1; discrete: 2. */
  area: z.enum(['holding', 'input', 'coil', 'discrete']),
  /** Zero-based, as on the wire: register 40001 is address 0 of `holding`. */
  address: z.int().min(0).max(65_535),
  encoding: z
    .enum(['int16', 'uint16', 'int32', 'uint32', 'float32', 'int64', 'uint64', 'float64', 'bit', 'string'])
    .default('uint16'),
  /** big: high word first (ABCD); little: low word first (CDAB). */
  wordOrder: z.enum(['big', 'little']).default('big'),
  /** For `bit` in a register: 0 is the least significant. */
  bit: z.int().min(0).max(15).optional(),
  /** For `string`: how many registers. */
  length: z.int().min(1).max(125).optional(),
});
export type ModbusTcpAddress = z.infer<typeof modbusTcpAddress>;
