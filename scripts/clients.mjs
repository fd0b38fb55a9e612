// `npm run clients`: the clients of clients/ from public/api/v2/openapi.json, and the packages that they are installed from, in
// clients/packages/. What is made of the specification isn't in git, so that it can't be behind.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { python } from './clients/python.mjs';
import { ruby } from './clients/ruby.mjs';
import { typescript } from './clients/typescript.mjs';
import { findClientPython, findRuby, setup } from './setup.mjs';
import { asCommand, npmBinary, put, root, run, say } from './shell.mjs';

const folder = (...names) => path.join(root, 'clients', ...names);
export const packages = folder('packages');

/** Writes the sources that are made, and the packages of those languages that are on this machine → {typescript, python?, ruby?}, their paths. */
export async function clients() {
  await setup({ tests: true });
  const spec = JSON.parse(await readFile(path.join(root, 'public', 'api', 'v2', 'openapi.json'), 'utf8'));
  await put(folder('typescript', 'src', 'schema.ts'), await schemaTypes(spec));
  await put(folder('typescript', 'src', 'generated.ts'), typescript(spec));
  await put(folder('python', 'src', 'pushguard', '_generated.py'), python(spec));
  await put(folder('ruby', 'lib', 'PushGuard', 'generated.rb'), ruby(spec));
  await rm(packages, { recursive: true, force: true });
  await mkdir(packages, { recursive: true });

  await rm(folder('typescript', 'dist'), { recursive: true, force: true });
  await run(npmBinary('tsc'), ['-p', folder('typescript')]);
  await run('npm', ['pack', '--silent', '--pack-destination', packages], { cwd: folder('typescript') });
  const venv = await findClientPython();
  if (venv) await run(path.join(venv, 'bin', 'python'), ['-m', 'build', '--no-isolation', '--outdir', packages, folder('python')]);
  if (await findRuby()) await run('gem', ['build', 'PushGuard.gemspec', '--strict', '--output', path.join(packages, 'PushGuard.gem')], { cwd: folder('ruby') });
  const files = await readdir(packages);
  const made = (end) => files.filter((file) => file.endsWith(end)).map((file) => path.join(packages, file))[0];
  return { typescript: made('.tgz'), python: made('.whl'), ruby: made('.gem') };
}

/** PATCH is PUT by another name: twins would only double every type. */
async function schemaTypes(spec) {
  const { default: openapiTS, astToString } = await import('openapi-typescript');
  const paths = Object.fromEntries(Object.entries(spec.paths).map(([name, { patch, ...item }]) => [name, item]));
  return `// Made by \`npm run clients\` with openapi-typescript. Not to be edited.\n${astToString(await openapiTS({ ...spec, paths }))}`;
}

await asCommand(import.meta, async () => {
  for (const [name, file] of Object.entries(await clients())) say(file ? `${name}: ${path.relative(root, file)}` : `${name}: NOT MADE, there is no ${name} on this machine`);
});
