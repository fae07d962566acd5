import type { AggregateConfiguration, AggregateFunction } from '@luban/contracts';
import type { AggregateSample } from './aggregates.ts';

/**
 * The examples of OPC UA Part 13, Annex A: the data of its historians and the results that it publishes (1.05.07, file
 * AggregateExamples.csv; what is not in that file, from Annex A of 1.04). All ask from 12:00:00 to 12:01:40.
 *
 * A sample is `<seconds after 12:00:00>=<value><quality>`: g good, u uncertain, b bad. A result is a value, then its
 * status (G Good, U UncertainDataSubNormal, R Uncertain, B Bad), then c calculated, i interpolated (else raw), p partial,
 * m multiple values, and @ with its second where that is not the interval's start; `-` is BadNoData.
 */
export interface Historian {
  readonly samples: readonly AggregateSample[];
  readonly configuration: AggregateConfiguration;
}

export const noonUs = Date.UTC(2026, 0, 1, 12) * 1000;

function historian(samples: string, configuration: AggregateConfiguration): Historian {
  return {
    configuration,
    samples: samples.split(' ').map((text) => {
      const [, second, value, quality] = /^(\d+)=(.*)([gub])$/.exec(text)!;
      return {
        timeUs: noonUs + Number(second) * 1e6,
        value: value === '' ? null : JSON.parse(value!),
        quality: quality === 'g' ? 'good' : quality === 'u' ? 'uncertain' : 'bad',
      };
    }),
  };
}

const all = { percentDataBad: 100, percentDataGood: 100, useSlopedExtrapolation: false, stepped: false };
const unevenly = '2=10g 25=20g 28=25g 39=30g 42=b 48=40g 52=50g 72=60g 77=70u 83=70g 86=80g 90=90g';

export const historians = {
  h1: historian('10=10g 20=20g 30=30g 40=b 50=50g 60=60g 70=70u 80=80g 90=90g', { ...all, treatUncertainAsBad: false }),
  h2: historian(unevenly, { ...all, treatUncertainAsBad: true, useSlopedExtrapolation: true }),
  h3: historian(unevenly, {
    treatUncertainAsBad: true,
    percentDataBad: 50,
    percentDataGood: 50,
    useSlopedExtrapolation: false,
    stepped: true,
  }),
  h4: historian(
    '2=trueg 25=falseg 28=trueg 39=trueg 42=b 48=trueg 52=falseg 72=falseg 77=trueu 83=trueg 86=falseg 90=trueg',
    { ...all, treatUncertainAsBad: true, stepped: true },
  ),
  h5: historian('2=10g 25=20g 28=10g 39=30g 42=b 48=30g 52=50g 72=30g 77=70u 83=70g 86=80g 90=70g', {
    ...all,
    treatUncertainAsBad: false,
  }),
} as const;

type Tables = Partial<Record<keyof typeof historians, string>>;

export const published: readonly { of: AggregateFunction; intervalS: number; tables: Tables }[] = [
  {
    of: 'interpolative',
    intervalS: 5,
    tables: {
      h1: '- - 10G 15Gi 20G 25Gi 30G 35Ui 40Ui 45Ui 50G 55Gi 60G 65Ui 70R 75Ui 80G 85Gi 90G 90Ui',
      h2: '- 11.304Gi 13.478Gi 15.652Gi 17.826Gi 20G 25.909Gi 28.182Gi 31.111Ui 36.667Ui 45Gi 51.5Gi 54Gi 56.5Gi 59Gi 62.727Ui 67.273Ui 76.667Gi 90G 102.5Ui',
      h3: '- 10Gi 10Gi 10Gi 10Gi 20G 25Gi 25Gi 30Gi 30Ui 40Gi 50Gi 50Gi 50Gi 50Gi 60Gi 60Ui 70Gi 90G 90Ui',
      h5: '- 11.304Gi 13.478Gi 15.652Gi 17.826Gi 20G 13.636Gi 22.727Gi 30Ui 30Ui 40Gi 47Gi 42Gi 37Gi 32Gi 54Ui 70Ui 76.667Gi 70G 70Ui',
    },
  },
  {
    of: 'average',
    intervalS: 5,
    tables: {
      h1: '- - 10Gc - 20Gc - 30Gc - - - 50Gc - 60Gc - - - 80Gc - 90Gc -',
      h2: '10Gc - - - - 22.5Gc - 30Gc - 40Gc 50Gc - - - 60Gc - 70Gc 80Gc 90Gc -',
      h3: '10Gc - - - - 22.5Gc - 30Gc - 40Gc 50Gc - - - 60Gc - 70Gc 80Gc 90Gc -',
      h5: '10Gc - - - - 15Gc - 30Gc - 30Gc 50Gc - - - 30Gc - 70Gc 80Gc 70Gc -',
    },
  },
  {
    of: 'timeAverage',
    intervalS: 5,
    tables: {
      h1: '- - 12.5Gc 17.5Gc 22.5Gc 27.5Gc 32.5Uc 37.5Uc 42.5Uc 47.5Uc 52.5Gc 57.5Gc 62.5Uc 67.5Uc 72.5Uc 77.5Uc 82.5Gc 87.5Gc 90Ucp -',
      h2: '10.652Ucp 12.391Gc 14.565Gc 16.739Gc 18.913Gc 23.682Gc 27.045Gc 29.384Uc 33.889Uc 40Uc 49.45Gc 52.75Gc 55.25Gc 57.75Gc 60.618Uc 65Uc 70.515Uc 83.667Gc 96.25Ucp -',
      h3: '10.652Ucp 12.391Gc 14.565Gc 16.739Gc 18.913Gc 23.682Gc 27.045Gc 29.384Uc 33.889Uc 40Uc 49.45Gc 52.75Gc 55.25Gc 57.75Gc 60.618Uc 65Uc 70.515Uc 83.667Gc 90Ucp -',
      h5: '10.652Ucp 12.391Gc 14.565Gc 16.739Gc 18.913Gc 13.727Gc 18.182Gc 27.091Uc 30Uc 32Uc 47.1Gc 44.5Gc 39.5Gc 34.5Gc 37.6Uc 66.8Uc 71.333Uc 75.667Gc 70Ucp -',
    },
  },
  {
    of: 'timeAverage2',
    intervalS: 5,
    tables: {
      h1: '- - 12.5Gc 17.5Gc 22.5Gc 27.5Gc 30Uc 30Uc - - 52.5Gc 57.5Gc 62.5Uc 67.5Uc 72.5Uc 77.5Uc 82.5Gc 87.5Gc 90Ucp -',
      // The sources at hand stop after the fifth line.
      h2: '10.652Ucp 12.391Gc 14.565Gc 16.739Gc 18.913Gc',
    },
  },
  {
    of: 'minimum',
    intervalS: 16,
    tables: {
      h1: '10Gcp 20Gc - 50Gc - 80Gp -',
      h2: '10Gcp 20Gc 30Uc 40G 60Uc 70Gcp -',
      h3: '10Gcp 20Gc 30Uc 40G 60Uc 70Gcp -',
      h5: '10Gcp 10Gc 30Uc 30G 30Gc 70Gcpm -',
    },
  },
  {
    of: 'maximum',
    intervalS: 16,
    tables: {
      h1: '10Gcp 30Gc - 60Gc - 90Gcp -',
      h2: '10Gcp 25Gc 30Uc 50Gc 60Uc 90Gcp -',
      h3: '10Gcp 25Gc 30Uc 50Gc 60Uc 90Gcp -',
      h5: '10Gcp 20Gc 30Uc 50Gc 30Gc 80Gcp -',
    },
  },
  {
    of: 'minimumActualTime',
    intervalS: 16,
    tables: {
      h1: '10Gp@10 20G@20 - 50G@50 - 80Gp@80 -',
      h2: '10Gp@2 20G@25 30U@39 40G@48 60U@72 70Gp@83 -',
      h3: '10Gp@2 20G@25 30U@39 40G@48 60U@72 70Gp@83 -',
    },
  },
  {
    of: 'maximumActualTime',
    intervalS: 16,
    tables: {
      h1: '10Gp@10 30G@30 - 60G@60 - 90Gp@90 -',
      h2: '10Gp@2 25G@28 30U@39 50G@52 60U@72 90Gp@90 -',
      h3: '10Gp@2 25G@28 30U@39 50G@52 60U@72 90Gp@90 -',
    },
  },
  {
    of: 'count',
    intervalS: 16,
    tables: {
      h1: '1Gcp 2Gc Bc 2Gc 0Uc 2Gcp -',
      h2: '1Gcp 2Gc 1Uc 2Gc 1Uc 3Gcp -',
      h3: '1Gcp 2Gc 1Gc 2Gc 1Gc 3Gcp -',
      h4: '1Gcp 2Gc 1Uc 2Gc 1Uc 3Gcp -',
      h5: '1Gcp 2Gc 1Uc 2Gc 1Uc 3Gcp -',
    },
  },
  {
    of: 'durationInStateZero',
    intervalS: 16,
    tables: { h4: '0Ucp 3000Gc 0Uc 12000Gc 13000Uc 4000Ucp -' },
  },
  {
    of: 'durationInStateNonZero',
    intervalS: 16,
    tables: { h4: '14000Ucp 13000Gc 10000Uc 4000Gc 0Uc 3001Ucp -' },
  },
  {
    of: 'start',
    intervalS: 16,
    tables: {
      h1: '10Gp@10 20G@20 B@40 50G@50 70R@70 80Gp@80 -',
      h2: '10Gp@2 20G@25 30G@39 40G@48 60G@72 70Gp@83 -',
      h3: '10Gp@2 20G@25 30G@39 40G@48 60G@72 70Gp@83 -',
      h5: '10Gp@2 20G@25 30G@39 30G@48 30G@72 70Gp@83 -',
    },
  },
  {
    of: 'end',
    intervalS: 16,
    tables: {
      h1: '10Gp@10 30G@30 B@40 60G@60 70R@70 90Gp@90 -',
      h2: '10Gp@2 25G@28 B@42 50G@52 70R@77 90Gp@90 -',
      h3: '10Gp@2 25G@28 B@42 50G@52 70R@77 90Gp@90 -',
      h5: '10Gp@2 10G@28 B@42 50G@52 70R@77 70Gp@90 -',
    },
  },
  {
    of: 'durationGood',
    intervalS: 16,
    tables: {
      h1: '6000Gcp 16000Gc 0Gc 14000Gc 0Gc 10001Gcp -',
      h2: '14000Gcp 16000Gc 10000Gc 16000Gc 13000Gc 7001Gcp -',
      h3: '14000Gcp 16000Gc 10000Gc 16000Gc 13000Gc 7001Gcp -',
    },
  },
  {
    of: 'durationBad',
    intervalS: 16,
    tables: {
      h1: '10000Gcp 0Gc 8000Gc 2000Gc 0Gc 0Gcp -',
      h2: '2000Gcp 0Gc 6000Gc 0Gc 3000Gc 3000Gcp -',
      h3: '2000Gcp 0Gc 6000Gc 0Gc 3000Gc 3000Gcp -',
      h4: '2000Gcp 0Gc 6000Gc 0Gc 3000Gc 3000Gcp -',
    },
  },
  {
    of: 'percentGood',
    intervalS: 16,
    tables: {
      // The third interval of historian 1 has DurationGood 0; the one source at hand for this table gives no value there.
      h1: '37.5Gcp 100Gc 0Gc 87.5Gc 0Gc 100Gcp -',
      h2: '87.5Gcp 100Gc 62.5Gc 100Gc 81.25Gc 70.003Gcp -',
      h3: '87.5Gcp 100Gc 62.5Gc 100Gc 81.25Gc 70.003Gcp -',
      h4: '87.5Gcp 100Gc 62.5Gc 100Gc 81.25Gc 70.003Gcp -',
    },
  },
  {
    of: 'percentBad',
    intervalS: 16,
    tables: {
      h1: '62.5Gcp 0Gc 50Gc 12.5Gc 0Gc 0Gcp -',
      h2: '12.5Gcp 0Gc 37.5Gc 0Gc 18.75Gc 29.997Gcp -',
      h3: '12.5Gcp 0Gc 37.5Gc 0Gc 18.75Gc 29.997Gcp -',
      h4: '12.5Gcp 0Gc 37.5Gc 0Gc 18.75Gc 29.997Gcp -',
    },
  },
  {
    of: 'standardDeviationSample',
    intervalS: 20,
    tables: {
      h1: '0Gcp 7.071Gc 0Uc 0Uc 7.071Gcp',
      h2: '0Gcp 5Gc 7.071Uc 0Uc 10Gcp',
      h3: '0Gcp 5Gc 7.071Uc 0Uc 10Gcp',
      h5: '0Gcp 10Gc 14.142Uc 0Uc 5.774Gcp',
    },
  },
];
