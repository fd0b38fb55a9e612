// The reference page of the API, public/docs.html, from public/api/v2/openapi.json; beside it a page about verifying
// webhooks, whose code tests/worker/verify.test.mjs runs, and the guides of docs/. None of them loads anything else. The build runs it. scripts/docs/ has
// the style, the script, and the second page's text and code.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { asCommand, put, root, say } from './shell.mjs';

const specFile = path.join(root, 'public', 'api', 'v2', 'openapi.json');
const pageFile = path.join(root, 'public', 'docs.html');
const verifyFile = path.join(root, 'public', 'docs', 'webhooks.html');
/** Each is a page of its own; beside the text of one that names a specification stand its operations. */
const guides = [
  { from: path.join(root, 'docs', 'fraud', 'guide.md'), to: path.join(root, 'public', 'docs', 'fraud.html') },
  { from: path.join(root, 'docs', 'fraud', 'rules.md'), to: path.join(root, 'public', 'docs', 'rules.html') },
  { from: path.join(root, 'docs', 'dialects', 'oauth.md'), to: path.join(root, 'public', 'docs', 'oauth.html') },
  { from: path.join(root, 'docs', 'dialects', 'shoppy.md'), to: path.join(root, 'public', 'docs', 'shoppy.html'), file: path.join(root, 'public', 'api', '1.0', 'openapi.json') },
  { from: path.join(root, 'docs', 'dialects', 'pago.md'), to: path.join(root, 'public', 'docs', 'pago.html'), file: path.join(root, 'public', 'api', 'openapi.json') },
  { from: path.join(root, 'docs', 'dialects', 'zettle-pusher.md'), to: path.join(root, 'public', 'docs', 'zettle-pusher.html'), file: path.join(root, 'public', 'organizations', 'openapi.json') },
];
const part = (name) => path.join(root, 'scripts', 'docs', name);

/** Writes the pages anew where they aren't what their sources say. */
export async function docs() {
  const [spec, style, script, text] = await Promise.all([readFile(specFile, 'utf8'), ...['style.css', 'script.js', 'verify/text.md'].map((name) => readFile(part(name), 'utf8'))]);
  const parsed = JSON.parse(spec);
  await put(pageFile, page(parsed, style, script));
  const code = await Promise.all(languages.map(async ({ file, ...rest }) => ({ ...rest, code: await readFile(part(`verify/${file}`), 'utf8') })));
  await put(verifyFile, verifying(parsed, style, text, code));
  for (const { from, to, file } of guides) await put(to, guide(parsed, style, await readFile(from, 'utf8'), file && withObjectsAlone(JSON.parse(await readFile(file, 'utf8')))));
}

const sha256 = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

// --- Verifying webhooks -------------------------------------------------------------------------------------------------

/** `raw`: where frameworks keep the bytes and the header. */
const languages = [
  { name: 'Ruby', file: 'verify.rb', raw: 'In Rails: `ours?(request.raw_post, request.headers["X-PushGuard-Signature"], secret)`' },
  { name: 'PHP', file: 'verify.php', raw: "Anywhere: `is_ours(file_get_contents('php://input'), $_SERVER['HTTP_X_PUSHGUARD_SIGNATURE'] ?? null, $secret)`" },
  { name: 'Node', file: 'verify.mjs', raw: "In Express, with `express.raw({ type: 'application/json' })`: `isOurs(request.body, request.get('x-pushguard-signature'), secret)`" },
  { name: 'Python', file: 'verify.py', raw: 'In Flask: `is_ours(request.get_data(), request.headers.get("X-PushGuard-Signature"), secret)`; in Django `request.body` has the bytes' },
  { name: 'Go', file: 'verify.go', raw: 'In net/http, after `body, err := io.ReadAll(r.Body)`: `IsOurs(body, r.Header.Get("X-PushGuard-Signature"), secret)`' },
];

function verifying(spec, style, text, all) {
  const sections = all.map(
    ({ name, raw, code }) => `<section id="${slug(name)}" class="noun">
<div class="text"><h2>${name}</h2><p>${inline(raw)}.</p></div>
<div class="code"><div class="panel"><p class="title">${name}</p><pre tabindex="0" data-language="${slug(name)}"><code>${escaped(code)}</code></pre></div></div>
</section>`,
  );
  return beside(spec, style, 'Verifying webhooks', text, [['overview', 'Why and how'], ...all.map(({ name }) => [slug(name), name])], sections);
}

// --- Guides -------------------------------------------------------------------------------------------------------------

/** A page of Markdown: its title, and a section for each heading below; and behind them what another specification has. */
function guide(spec, style, text, other) {
  const [, title, intro, rest] = text.match(/^# (.+)\n([\s\S]*?)(^## [\s\S]*)$/m);
  const parts = rest.split(/^(?=## )/m).map((one) => one.match(/^## (.+)\n([\s\S]*)$/).slice(1));
  const sections = parts.map(([name, own]) => `<section id="${slug(name)}" class="noun">\n<div class="text"><h2>${escaped(name)}</h2>${markdown(own)}</div>\n<div class="code"></div>\n</section>`);
  const told = new Set(parts.map(([name]) => slug(name)));
  // A page may tell of a noun and have its operations: each has an address of its own.
  const more = (other ? nouns(other) : []).map((noun) => (told.has(noun.slug) ? { ...noun, slug: `${noun.slug}-operations`, name: `${noun.name}: operations` } : noun));
  if (other) sections.push(errors(other), ...more.map((section) => noun(other, section)));
  const contents = [['overview', title], ...parts.map(([name]) => [slug(name), name]), ...(other ? [['errors', 'Errors']] : []), ...more.map(({ slug: id, name }) => [id, name])];
  return beside(spec, style, title, intro, contents, sections);
}

/** A page beside the reference, which leads back to it. */
function beside(spec, style, title, intro, contentsOf, sections) {
  const policy = `default-src 'none'; style-src ${sha256(style)}; img-src data:; base-uri 'none'; form-action 'none'`;
  const links = contentsOf.map(([id, name]) => `<li><a class="noun" href="#${id}">${escaped(name)}</a></li>`);
  const contents = `<ul>${links.join('')}<li><a class="noun" href="/docs">Reference</a></li></ul>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<title>${escaped(title)} · ${escaped(spec.info.title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<a class="skip" href="#overview">To the text</a>
<header>
<a class="brand" href="/docs">${escaped(spec.info.title)}</a>
<span class="version">${escaped(title)}</span>
</header>
<details class="menu"><summary>Contents</summary>${contents}</details>
<nav class="side" aria-label="Contents">${contents}</nav>
<main>
<section id="overview">
<div class="text"><h1>${escaped(title)}</h1>${markdown(intro)}</div>
<div class="code"></div>
</section>
${sections.join('\n')}
</main>
</body>
</html>
`;
}

// --- The page -----------------------------------------------------------------------------------------------------------

export function page(spec, style, script) {
  const sections = nouns(spec);
  const policy = `default-src 'none'; style-src ${sha256(style)}; script-src ${sha256(script)}; img-src data:; base-uri 'none'; form-action 'none'`;
  const overview = lead(spec.info.description);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<title>${escaped(spec.info.title)}</title>
<meta name="description" content="${escaped(plain(overview.intro))}">
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<a class="skip" href="#overview">To the text</a>
<header>
<a class="brand" href="#overview">${escaped(spec.info.title)}</a>
<span class="version">v2 · ${escaped(spec.info.version)}</span>
<a class="file" href="api/v2/openapi.json">OpenAPI ${escaped(spec.openapi.replace(/\.\d+$/, ''))}</a>
</header>
<details class="menu"><summary>Contents</summary>${navigation(overview, sections)}</details>
<nav class="side" aria-label="Contents">${navigation(overview, sections)}</nav>
<main>
${introduction(spec, overview)}
${errors(spec)}
${sections.map((section) => noun(spec, section)).join('\n')}
${events(spec)}
</main>
<script>${script}</script>
</body>
</html>
`;
}

/** The same specification, in which only objects have names: what else is named stands where it is used. */
function withObjectsAlone(spec) {
  const { schemas } = spec.components;
  const others = Object.fromEntries(Object.entries(schemas).filter(([, schema]) => !schema.properties));
  const nameIn = (value) => value?.$ref?.split('/').pop();
  return JSON.parse(JSON.stringify(spec), (_, value) => {
    if (!(nameIn(value) in others)) return value;
    const { $ref, ...beside } = value;
    return { ...others[nameIn(value)], ...beside };
  });
}

/** The tags that have operations, each with those and with the objects that they are the first to answer with. */
function nouns(spec) {
  const shown = new Set(['Error']);
  return spec.tags
    .map((tag) => {
      const operations = Object.entries(spec.paths).flatMap(([route, item]) =>
        Object.entries(item)
          .filter(([method, operation]) => method !== 'patch' && operation.tags.includes(tag.name))
          .map(([method, operation]) => ({ route, method, ...operation })),
      );
      const answered = named(operations.map(({ responses }) => responses));
      for (const name of answered) named(spec.components.schemas[name], answered); // and those inside them
      const objects = answered.filter((name) => !shown.has(name));
      objects.forEach((name) => shown.add(name));
      return { ...tag, slug: slug(tag.name), operations, objects };
    })
    .filter(({ operations }) => operations.length);
}

/** The schemas that are named anywhere in a value, in order. */
function named(value, found = []) {
  if (value && typeof value === 'object') {
    const name = value.$ref?.match(/^#\/components\/schemas\/(.+)$/)?.[1];
    if (name && !found.includes(name)) found.push(name);
    for (const [key, item] of Object.entries(value)) if (key !== 'examples' && key !== 'example') named(item, found);
  }
  return found;
}

function navigation(overview, sections) {
  const link = (href, text) => `<li><a href="#${href}">${text}</a></li>`;
  const operation = ({ operationId, method, summary }) => link(operationId, `<b class="verb ${method}">${method === 'delete' ? 'DEL' : method.toUpperCase()}</b> ${escaped(summary)}`);
  return `<ul>
<li><a class="noun" href="#overview">Overview</a><ul>${link('authentication', 'Authentication')}${overview.parts.map(({ title }) => link(slug(title), escaped(title))).join('')}${link('errors', 'Errors')}</ul></li>
${sections.map((section) => `<li><a class="noun" href="#${section.slug}">${escaped(section.name)}</a><ul>${section.operations.map(operation).join('')}</ul></li>`).join('\n')}
<li><a class="noun" href="#events">Events</a></li>
</ul>`;
}

function introduction(spec, { intro, parts }) {
  const basic = spec.components.securitySchemes.basic.description;
  return `<section id="overview">
<div class="text"><h1>${escaped(spec.info.title)}</h1>${markdown(intro)}
<h2 class="part" id="authentication">Authentication</h2>${markdown(basic)}
${parts.map(({ title, text }) => `<h2 class="part" id="${slug(title)}">${escaped(title)}</h2>${markdown(text)}`).join('\n')}
</div>
<div class="code">${panel('Your first request', curl(spec, '/account', 'get', spec.paths['/account'].get))}
${panel('200', exampleOf(spec.paths['/account'].get.responses['200']), 'json')}</div>
</section>`;
}

function errors(spec) {
  const all = new Map();
  for (const item of Object.values(spec.paths)) {
    for (const { responses } of Object.values(item)) {
      for (const [status, response] of Object.entries(responses)) {
        if (status >= '400') all.set(status, all.get(status) ?? resolved(spec, response).description);
      }
    }
  }
  const rows = [...all].sort().map(([status, words]) => `<tr><th scope="row"><code>${status}</code></th><td>${inline(words)}</td></tr>`);
  const bad = Object.values(spec.paths).map((item) => item.post?.responses['400']).find(Boolean);
  return `<section id="errors">
<div class="text"><h2>Errors</h2><p>What an operation lists below is what it answers; nothing else.</p>
<table class="statuses">${rows.join('\n')}</table>
<h3>The error object</h3>${fields(spec, { $ref: '#/components/schemas/Error' }, { asked: false })}</div>
<div class="code">${panel('400', exampleOf(bad), 'json')}</div>
</section>`;
}

// --- A noun -------------------------------------------------------------------------------------------------------------

function noun(spec, { name, slug: id, description, operations, objects }) {
  const routes = operations.map(({ route, method, operationId }) => `<a href="#${operationId}"><b class="verb ${method}">${method.toUpperCase()}</b> ${path_(route)}</a>`);
  return `<section id="${id}" class="noun">
<div class="text"><h2>${escaped(name)}</h2>${markdown(description)}</div>
<div class="code"><div class="panel"><p class="title">Endpoints</p><div class="routes">${routes.join('')}</div></div></div>
</section>
${objects.map((object) => objectSection(spec, object, operations)).join('\n')}
${operations.map((each) => operation(spec, each)).join('\n')}`;
}

function objectSection(spec, name, operations) {
  const reference = `#/components/schemas/${name}`;
  const answers = operations.flatMap(({ responses }) => Object.values(responses));
  const one = answers.find((response) => response.content?.['application/json']?.schema.$ref === reference);
  const several = answers.find((response) => named(response.content?.['application/json']?.schema).includes(name));
  const examples = Object.values(several?.content['application/json'].examples ?? {});
  const own = Object.keys(spec.components.schemas[name].properties);
  const fits = ({ value }) => value && !Array.isArray(value) && Object.keys(value).length === own.length && own.every((field) => field in value);
  const value = one ? exampleOf(one) : examples.find(fits)?.value;
  return `<section id="object-${name}" class="object">
<div class="text"><h3>The ${words(name)} object</h3>${fields(spec, { $ref: reference }, { asked: false })}</div>
<div class="code">${value === undefined ? '' : panel(`The ${words(name)} object`, value, 'json')}</div>
</section>`;
}

function operation(spec, { route, method, operationId, summary, description, parameters = [], requestBody, responses }) {
  const own = { route, method, operationId, summary, parameters, requestBody, responses };
  const good = Object.entries(responses).filter(([status]) => status < '400');
  const bad = Object.keys(responses).filter((status) => status >= '400');
  const groups = [
    ['Path', parameters.filter((parameter) => parameter.in === 'path')],
    ['Query', parameters.filter((parameter) => parameter.in === 'query')],
    ['Headers', parameters.filter((parameter) => parameter.in === 'header')],
  ].map(([title, list]) => (list.length ? `<h4>${title}</h4>${table(list.map((one) => row(spec, one.name, { ...one.schema, description: one.description }, one.required)))}` : ''));
  const body = requestBody?.content['application/json'];
  return `<section id="${operationId}" class="operation">
<div class="text"><h3>${escaped(summary)}</h3>
<p class="route"><b class="verb ${method}">${method.toUpperCase()}</b> ${path_(route)}</p>
${markdown(description ?? '')}
${groups[0]}${groups[1]}
${body ? `<h4>Body</h4>${fields(spec, body.schema, { asked: true })}` : ''}
${groups[2]}
<h4>Answers</h4>
<ul class="answers">${good.map(([status, response]) => `<li><code class="good">${status}</code> ${returns(response)}</li>`).join('')}
<li>${bad.map((status) => `<a class="status" href="#errors"><code>${status}</code></a>`).join(' ')}</li></ul>
${special(spec, responses)}</div>
<div class="code">${requests(spec, own)}
${good.map(([status, response]) => answersOf(status, response)).join('')}
${responses['400']?.content ? refusal('400', responses['400']) : ''}</div>
</section>`;
}

/** Refusals of this operation alone, which the table of errors doesn't show. */
function special(spec, responses) {
  const own = Object.entries(responses).filter(([status, response]) => status > '400' && !response.$ref && response.content);
  if (!own.length) return '';
  return `<ul class="own">${own.map(([status, response]) => `<li><code>${status}</code> ${escaped(exampleOf(response)?.message ?? response.description)}</li>`).join('')}</ul>`;
}

function returns(response) {
  if (response.content?.['text/csv']) return 'A table (CSV).';
  if (response.content?.['application/octet-stream']) return 'The bytes of the file.';
  const schema = response.content?.['application/json']?.schema;
  if (!schema) return 'No body.';
  const link = ({ $ref }) => `<a href="#object-${$ref.split('/').pop()}">${words($ref.split('/').pop())}</a>`;
  if (schema.$ref) return `The ${link(schema)} object.`;
  if (schema.anyOf) return `The ${schema.anyOf.map(link).join(' or the ')} object.`;
  if (schema.items?.$ref) return `A list of ${link(schema.items)} objects.`;
  return `${Object.entries(schema.properties ?? {})
    .map(([name, field]) => `<code>${escaped(name)}</code>: ${inline(field.description ?? '')}`)
    .join(' ')}`;
}

function requests(spec, own) {
  const examples = Object.values(own.requestBody?.content['application/json']?.examples ?? {});
  const [raw] = Object.keys(own.requestBody?.content ?? {}).filter((type) => type !== 'application/json' && !own.requestBody.content['application/json']);
  if (examples.length < 2) return panel('Request', curl(spec, own.route, own.method, own, examples[0]?.value, raw));
  return examples.map(({ summary, value }) => panel(summary, curl(spec, own.route, own.method, own, value))).join('');
}

function answersOf(status, response) {
  const rows = Object.values(response.content?.['text/csv']?.examples ?? {})[0];
  if (rows) return panel(status, rows.value.trim(), 'none');
  const examples = Object.values(response.content?.['application/json']?.examples ?? {});
  if (!examples.length) return panel(status, 'No body', 'none');
  return examples.map(({ summary, value }) => panel(examples.length > 1 ? `${status} · ${summary}` : status, shortened(value), 'json')).join('');
}

const refusal = (status, response) => `<details class="refused"><summary>When it is refused</summary>${panel(status, exampleOf(response), 'json')}</details>`;

// Of a list the first items are enough.
const shortened = (value) => (Array.isArray(value) ? value.slice(0, 1) : value);

function events(spec) {
  const all = Object.entries(spec.webhooks);
  const about = spec.tags.find(({ name }) => name === 'Events')?.description ?? '';
  const first = all[0][1].post;
  const link = (schema) => named(schema).map((name) => `<a href="#object-${name}">${words(name)}</a>`).join(' or ');
  const rows = all.map(([name, { post }]) => `<tr><th scope="row"><code>${escaped(name)}</code></th><td>${inline(post.summary)} The body is the ${link(post.requestBody.content['application/json'].schema)} object.</td></tr>`);
  const example = first.requestBody.content['application/json'].example;
  return `<section id="events">
<div class="text"><h2>Events</h2>${markdown(about)}
<table class="statuses">${rows.join('\n')}</table>
<h3>Headers</h3>${table(first.parameters.map((one) => row(spec, one.name, { ...one.schema, description: one.description })))}</div>
<div class="code">${panel(all[0][0], example, 'json')}</div>
</section>`;
}

// --- Fields -------------------------------------------------------------------------------------------------------------

function fields(spec, schema, { asked }) {
  return table(rows(spec, schema, '', asked));
}

/** A row for each field, and for those inside it. `asked`: of a body, where what is needed is marked. */
function rows(spec, schema, prefix, asked) {
  const { properties = {}, required = [] } = resolved(spec, schema);
  return Object.entries(properties).flatMap(([name, field]) => {
    const own = row(spec, prefix + name, field, asked && required.includes(name));
    const inner = field.properties ? field : field.items?.properties ? field.items : null;
    return inner ? [own, ...rows(spec, inner, `${prefix}${name}${field.items ? '[]' : ''}.`, asked)] : [own];
  });
}

const table = (list) => `<dl class="fields">${list.join('')}</dl>`;

function row(spec, name, schema, required = false) {
  const inner = name.split('.').length - 1;
  return `<div class="depth-${Math.min(inner, 3)}"><dt><code>${escaped(name)}</code> <span class="type">${typeOf(schema)}</span>${required ? ' <span class="required">required</span>' : ''}</dt>
<dd>${inline(schema.description ?? '')}${limits(schema)}</dd></div>`;
}

function typeOf(schema) {
  if (schema.$ref) return `<a href="#object-${schema.$ref.split('/').pop()}">${words(schema.$ref.split('/').pop())}</a>`;
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  const types = [schema.type].flat().filter(Boolean);
  const shown = types.map((type) => {
    if (type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`;
    if (type === 'string' && schema.format === 'date-time') return 'time';
    if (type === 'string' && schema.format === 'uri') return 'URL';
    if (type === 'string' && schema.format === 'email') return 'e-mail';
    return type;
  });
  return shown.join(' or ');
}

function limits(schema) {
  const said = [];
  const choices = schema.enum ?? schema.items?.enum;
  if (choices) said.push(`One of ${choices.filter((choice) => choice !== null).map((choice) => `<code>${escaped(String(choice))}</code>`).join(' ')}`);
  if (schema.maxLength) said.push(`up to ${schema.maxLength.toLocaleString('en')} characters`);
  if (!choices && schema.minimum !== undefined && schema.maximum !== undefined) said.push(`${schema.minimum.toLocaleString('en')} to ${schema.maximum.toLocaleString('en')}`);
  if (schema.default !== undefined) said.push(`default <code>${escaped(String(schema.default))}</code>`);
  return said.length ? ` <span class="limits">${said.join(' · ')}</span>` : '';
}

// --- Examples -----------------------------------------------------------------------------------------------------------

const origin = 'https://your-shop.example';

/** How a call of this specification says who asks. */
function login({ components: { securitySchemes } }) {
  if (securitySchemes.basic) return '  -u you@example.com:$API_KEY';
  return `  -H "Authorization: ${securitySchemes.token ? 'Bearer $TOKEN' : '$API_KEY'}"`;
}

function curl(spec, route, method, { parameters = [] }, body, raw) {
  const ids = Object.fromEntries(parameters.filter((one) => one.in === 'path').map(({ name, example }) => [name, example]));
  const address = `${origin}${spec.servers[0].url}${route.replace(/\{(\w+)\}/g, (_, name) => ids[name])}`;
  const lines = [`curl ${address}`, login(spec)];
  if (method !== 'get' && !(method === 'post' && body)) lines.push(`  -X ${method.toUpperCase()}`);
  if (body && Object.keys(body).length) {
    lines.push("  -H 'content-type: application/json'", `  -d '${JSON.stringify(body, null, 2).replaceAll("'", "'\\''").replaceAll('\n', '\n  ')}'`);
  }
  // A file as it is, or as a browser's form sends it.
  if (raw) lines.push(raw.startsWith('multipart/') ? '  -F file=@file' : '  --data-binary @file');
  return lines.join(' \\\n');
}

function panel(title, value, kind = 'shell') {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  const copy = kind === 'shell' ? '<button type="button" class="copy" hidden>Copy</button>' : '';
  return `<div class="panel"><p class="title">${escaped(title)}${copy}</p><pre tabindex="0"><code>${kind === 'json' ? coloured(text) : kind === 'shell' ? shell(text) : escaped(text)}</code></pre></div>`;
}

/** JSON with its names, texts and numbers marked. */
function coloured(json) {
  return escaped(json).replace(/(&quot;(?:\\.|(?!&quot;).)*?&quot;)(\s*:)?|\b(true|false|null)\b|(-?\b\d+(?:\.\d+)?\b)/g, (all, text, colon, word, number) => {
    if (text) return colon ? `<i class="n">${text}</i>${colon}` : `<i class="s">${text}</i>`;
    return `<i class="v">${word ?? number}</i>`;
  });
}

const shell = (text) => escaped(text).replaceAll(escaped(origin), `<span class="origin">${escaped(origin)}</span>`);

function exampleOf(response) {
  return Object.values(response?.content?.['application/json']?.examples ?? {})[0]?.value;
}

// --- Texts --------------------------------------------------------------------------------------------------------------

/** The part before the first `**Title.**`, and the parts that begin so. */
function lead(text) {
  const [intro, ...rest] = text.split(/^(?=\*\*[^*]+\*\*)/m);
  const parts = rest.map((one) => {
    const [, title, own] = one.match(/^\*\*([^*]+?)\.?\*\*\s*([\s\S]*)$/);
    return { title, text: own[0].toUpperCase() + own.slice(1) };
  });
  return { intro, parts };
}

/** As much of Markdown as our texts use: paragraphs, tables, fenced code, `code`, **strong**, *emphasis*. */
function markdown(text) {
  return text
    .split(/^```(\w*)\n([\s\S]*?)^```$/m)
    .map((piece, index) => {
      if (index % 3 === 1) return '';
      if (index % 3 === 2) return `<pre class="inset" tabindex="0"><code>${escaped(piece.trimEnd())}</code></pre>`;
      return piece
        .split(/\n{2,}/)
        .filter((paragraph) => paragraph.trim())
        .map((paragraph) => block(paragraph.trim()))
        .join('\n');
    })
    .join('\n');
}

function block(text) {
  if (text.startsWith('|')) return grid(text);
  if (text.startsWith('- ')) return `<ul>${text.slice(2).split(/\n- /).map((item) => `<li>${inline(item)}</li>`).join('')}</ul>`;
  return `<p>${inline(text)}</p>`;
}

function grid(text) {
  const [head, , ...rows] = text.split('\n').map((line) => line.replace(/^\||\|$/g, '').split('|').map((cell) => inline(cell.trim())));
  const row = (cells, kind) => `<tr>${cells.map((cell) => `<${kind}>${cell}</${kind}>`).join('')}</tr>`;
  return `<table class="statuses">${row(head, 'th')}${rows.map((cells) => row(cells, 'td')).join('')}</table>`;
}

function inline(text) {
  return text
    .split(/(`[^`]+`)/)
    .map((piece) => (piece.startsWith('`') ? `<code>${escaped(piece.slice(1, -1))}</code>` : escaped(piece).replace(/\[([^\]]+)\]\(((?:https:|\/)[^)]+)\)/g, '<a href="$2">$1</a>').replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>').replace(/\*([^*]+)\*/g, '<em>$1</em>')))
    .join('');
}

const plain = (text) => text.replace(/[`*]/g, '').replace(/\s+/g, ' ').trim();
const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
const slug = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
const words = (name) => name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
const path_ = (route) => `<code class="path">${escaped(route).replace(/\{\w+\}/g, '<em>$&</em>')}</code>`;
const resolved = (spec, value) => (value.$ref ? value.$ref.slice(2).split('/').reduce((at, name) => at[name], spec) : value);

await asCommand(import.meta, async () => {
  await docs();
  say('public/docs.html and the pages in public/docs/ are up to date');
});
