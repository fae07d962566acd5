import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { units } from './unit.ts';

// The US National Library of Medicine's own validator, which loads as CommonJS only.
const { UcumLhcUtils } = createRequire(import.meta.url)('@lhncbc/ucum-lhc') as {
  UcumLhcUtils: { getInstance(): { validateUnitString(code: string): { status: string } } };
};

test.each(Object.keys(units))('%s is a UCUM code', (code) => {
  expect(UcumLhcUtils.getInstance().validateUnitString(code).status).toBe('valid');
});
