import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig as readEdgeConfig } from '../edge/src/config.ts';
import { readConfig } from '../server/src/config.ts';

const deploy = fileURLToPath(new URL('../deploy', import.meta.url));
const text = (...path: string[]) => readFileSync(join(deploy, ...path), 'utf8');
const lines = (content: string, pattern: RegExp) => [...content.matchAll(pattern)].map((found) => found.slice(1));

/** Whatever a file holds. */
type Yaml = ReturnType<typeof parse>;
type Variables = Record<string, string>;
/** NAME=value, one a line. */
const variablesIn = (content: string): Variables => Object.fromEntries(lines(content, /^([A-Z_]+)=(.*)$/gm));

/** What is secret is not in the repository: each file's content, as the guide has it. */
const engines = {
  LUBAN_RECORDS: 'postgres://luban:secret@postgres:5432/luban',
  LUBAN_LOG: 'nats://luban:secret@nats-1:4222,nats-2:4222,nats-3:4222',
  LUBAN_TELEMETRY: 'http://luban:secret@clickhouse:8123/luban',
};
const secretFiles: Record<string, Variables> = {
  'platform.env': {},
  'edge.env': {},
  'engines.env': engines,
  'nats.env': { NATS_PASSWORD: 'secret' },
  'clickhouse.env': { CLICKHOUSE_PASSWORD: 'secret' },
};

/** As the process would read it; throws for a name or a value that it refuses. */
function isTaken(environment: Variables): readonly string[] {
  if (environment.LUBAN_PLATFORM !== undefined) return [readEdgeConfig(environment, []).platform];
  return readConfig(environment).roles;
}

test.each(['door', 'api', 'writer'])('the unit luban@%s has settings that the platform takes', (instance) => {
  const unit = text('cluster', 'luban@.service').replaceAll('%i', instance).replaceAll('%d', '/run/credentials');
  const files = lines(unit, /^EnvironmentFile=\/etc\/luban\/(\S+)$/gm).map(([name]) => text('cluster', name!));
  const own = Object.fromEntries(lines(unit, /^Environment=([A-Z_]+)=(.*)$/gm));
  const environment = Object.assign({}, own, ...files.map(variablesIn));
  expect(isTaken(environment)).toContain(instance);
  expect(unit).toContain(`LoadCredential=${basename(environment.LUBAN_SEAL_KEY_FILE)}:`);
});

test.each(['compose.yaml', 'cluster/compose.yaml'])('%s names only what it has, and its settings are taken', (file) => {
  const compose = parse(text(file), { merge: true });
  const images = lines(text('Dockerfile'), /^EXPOSE (.*)$/gm).flatMap(([ports]) => ports!.split(' '));
  const used = { volumes: new Set<string>(), secrets: new Set<string>() };
  for (const [name, service] of Object.entries<Yaml>(compose.services)) {
    const given = service.env_file === undefined ? {} : secretFiles[basename(service.env_file)];
    expect(given, `${name}: ${service.env_file}`).toBeDefined();
    const environment: Variables = { ...given, ...service.environment };
    if (service.image === 'luban') {
      expect(isTaken(environment), name).not.toEqual([]);
      for (const port of service.ports ?? []) expect(images, name).toContain(port.split(':').at(-1));
    }
    for (const one of Object.keys(service.depends_on ?? {})) expect(compose.services).toHaveProperty(one);
    for (const secret of service.secrets ?? []) used.secrets.add(secret);
    for (const value of Object.values(environment))
      for (const [secret] of lines(String(value), /^\/run\/secrets\/(\w+)$/gm))
        expect(service.secrets).toContain(secret);
    for (const volume of service.volumes ?? []) {
      const [from, to] = volume.split(':');
      if (from.startsWith('.')) expect(text('cluster', from)).not.toBe('');
      else used.volumes.add(from);
      expect(to).toMatch(/^\//);
    }
  }
  expect([...used.volumes].sort()).toEqual(Object.keys(compose.volumes).sort());
  expect([...used.secrets].sort()).toEqual(Object.keys(compose.secrets).sort());
});

const manifests = (folder: string) => {
  const kustomization = parse(text(folder, 'kustomization.yaml'));
  const files = readdirSync(join(deploy, folder)).filter((name) => name.endsWith('.yaml'));
  const listed: string[] = kustomization.resources;
  const all = listed.flatMap((name) => parseAllDocuments(text(folder, name)).map((one) => one.toJS()));
  /** Name of each secret that the comment makes, with its keys. */
  const secrets = new Map<string, string[]>();
  for (const [type, name, rest] of lines(text(folder, 'kustomization.yaml'), /create secret (\w+) (\S+) (.*)$/gm))
    secrets.set(
      name!,
      type === 'tls' ? ['tls.crt', 'tls.key'] : lines(rest!, /--from-\w+=([^=\s]+)=/g).map(([key]) => key!),
    );
  const configMaps = new Map<string, Yaml>();
  for (const one of kustomization.configMapGenerator ?? []) configMaps.set(one.name, one);
  const workloads = all.filter(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment');
  return { kustomization, files, listed, all, secrets, configMaps, workloads };
};
type Manifests = ReturnType<typeof manifests>;

const has = (labels: Variables, wanted: Variables) =>
  Object.entries(wanted).every(([name, value]) => labels[name] === value);

/** The environment of a container, with what it takes from secrets and configuration. */
function environmentOf(container: Yaml, { secrets, configMaps }: Manifests): Variables {
  const environment: Variables = {};
  for (const { configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef) Object.assign(environment, variablesIn(configMaps.get(configMapRef.name)!.literals.join('\n')));
    for (const key of secretRef ? secrets.get(secretRef.name)! : []) environment[key] = 'x'.repeat(48);
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const ref = valueFrom?.secretKeyRef;
    if (ref) expect(secrets.get(ref.name), `${name} from ${ref.name}`).toContain(ref.key);
    const expanded = value?.replace(/\$\((\w+)\)/g, (_: string, of: string) => {
      expect(environment, `${name} needs ${of} before it`).toHaveProperty(of);
      return environment[of];
    });
    environment[name] = expanded ?? 'p0123456789abcdef';
  }
  return environment;
}

test.each(['kubernetes', 'kubernetes/cluster'])(
  'in %s every volume, secret, port and label that is named is there',
  (folder) => {
    const found = manifests(folder);
    const { all, files, listed, secrets, configMaps, workloads } = found;
    expect([...listed, 'kustomization.yaml'].sort()).toEqual(files.sort());
    expect(workloads.length).toBeGreaterThan(0);
    const named = { secrets: new Set<string>(), configMaps: new Set<string>() };
    for (const { metadata, spec } of workloads) {
      const { metadata: pod, spec: podSpec } = spec.template;
      expect(has(pod.labels, spec.selector.matchLabels), metadata.name).toBe(true);
      const volumes = new Map<string, Yaml>([
        ...(podSpec.volumes ?? []).map((one: Yaml) => [one.name, one] as const),
        ...(spec.volumeClaimTemplates ?? []).map((one: Yaml) => [one.metadata.name, one] as const),
      ]);
      for (const { secret, configMap } of volumes.values()) {
        if (secret) named.secrets.add(secret.secretName);
        if (configMap) named.configMaps.add(configMap.name);
      }
      const mounted = new Set<string>();
      for (const container of podSpec.containers) {
        for (const { name } of container.volumeMounts) mounted.add(name);
        const ports = container.ports.map(({ name }: { name: string }) => name);
        for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe])
          if (probe.httpGet) expect(ports).toContain(probe.httpGet.port);
        expect(container.resources.limits.memory, metadata.name).toBeDefined();
        for (const { secretRef, configMapRef } of container.envFrom ?? []) {
          if (secretRef) named.secrets.add(secretRef.name);
          if (configMapRef) named.configMaps.add(configMapRef.name);
        }
        for (const { valueFrom } of container.env ?? [])
          if (valueFrom?.secretKeyRef) named.secrets.add(valueFrom.secretKeyRef.name);
        const environment = environmentOf(container, found);
        if (!container.image.includes('luban')) continue;
        expect(isTaken(environment), metadata.name).not.toEqual([]);
        // A file that a setting names lies in a volume that is mounted, under a key that the secret has.
        for (const [path] of lines(Object.values(environment).join('\n'), /^(\/(?:tls|seal)\/.*)$/gm)) {
          const mount = container.volumeMounts.find((one: { mountPath: string }) =>
            path!.startsWith(`${one.mountPath}/`),
          );
          expect(secrets.get(volumes.get(mount.name)!.secret.secretName)).toContain(basename(path!));
        }
      }
      expect([...mounted].sort(), metadata.name).toEqual([...volumes.keys()].sort());
    }
    expect([...named.secrets].sort()).toEqual([...secrets.keys()].sort());
    expect([...named.configMaps].sort()).toEqual([...configMaps.keys()].sort());

    const portsOf = (labels: Variables): string[] =>
      workloads
        .filter(({ spec }) => has(spec.template.metadata.labels, labels))
        .flatMap(({ spec }) =>
          spec.template.spec.containers.flatMap((one: Yaml) => one.ports.map(({ name }: Yaml) => name)),
        );
    for (const { kind, metadata, spec } of all) {
      if (kind === 'Service')
        expect(portsOf(spec.selector), metadata.name).toEqual(
          expect.arrayContaining(spec.ports.map(({ targetPort }: { targetPort: string }) => targetPort)),
        );
      if (kind === 'PodDisruptionBudget') expect(portsOf(spec.selector.matchLabels), metadata.name).not.toEqual([]);
      if (kind !== 'NetworkPolicy') continue;
      for (const { from, ports } of spec.ingress) {
        for (const { podSelector } of from) expect(portsOf(podSelector.matchLabels), metadata.name).not.toEqual([]);
        for (const { port } of ports) expect(portsOf(spec.podSelector.matchLabels), metadata.name).toContain(port);
      }
    }
  },
);

test('the servers of the cluster are doors, API and two that can lead, and reach engines that are there', () => {
  const found = manifests('kubernetes/cluster');
  const services = new Set(found.all.flatMap(({ kind, metadata }) => (kind === 'Service' ? [metadata.name] : [])));
  const servers = found.workloads.filter(({ spec }) => spec.template.spec.containers[0].image.includes('luban'));
  const roles = servers.map(({ spec }) => [
    ...[readConfig(environmentOf(spec.template.spec.containers[0], found)).roles.join(), spec.replicas],
  ]);
  expect(roles).toEqual([
    ['door', 3],
    ['api', 2],
    ['api,writer', 2],
  ]);
  for (const { spec } of servers) {
    const { LUBAN_LOG, LUBAN_RECORDS, LUBAN_TELEMETRY } = environmentOf(spec.template.spec.containers[0], found);
    const hosts = lines(`${LUBAN_LOG},${LUBAN_RECORDS},${LUBAN_TELEMETRY}`, /(?:@|,)([\w.-]+):\d+/g).map(
      ([host]) => host!,
    );
    expect(hosts).toHaveLength(5);
    for (const host of hosts) expect(services).toContain(host.split('.').at(-1));
  }
});
