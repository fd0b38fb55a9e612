// clients/typescript/src/generated.ts: a class for each resource. The types are schema.ts's, which openapi-typescript makes.
import { camel, operations, pascal, refOf, sentence, tree } from './operations.mjs';

export function typescript(spec) {
  const all = operations(spec);
  const classes = [];
  const walk = (nodes, prefix) => nodes.forEach((node) => (walk(node.children, [...prefix, node.name]), classes.push(resource(node, [...prefix, node.name]))));
  const roots = tree(all);
  walk(roots, []);
  const schemas = Object.keys(spec.components.schemas).map((name) => `export type ${name} = Schemas['${name}'];`);
  const fields = roots.map(({ name }) => `  readonly ${camel(name)}: ${pascal(name)}Resource;`);
  const made = roots.map(({ name }) => `    this.${camel(name)} = new ${pascal(name)}Resource(core);`);
  return `// Made by \`npm run clients\` from the specification. Not to be edited.
import { each, type Call, type CallOptions, type Core, type Page, type Upload, type UploadOptions } from './core.js';
import type { components, operations } from './schema.js';

type Schemas = components['schemas'];
type QueryOf<Name extends keyof operations> = NonNullable<operations[Name]['parameters']['query']>;
const segment = (value: string | number | bigint) => encodeURIComponent(String(value));

${schemas.join('\n')}

class Resource {
  readonly #core: Core;
  constructor(core: Core) {
    this.#core = core;
  }
  protected call<T>(call: Call): Promise<T> {
    return this.#core.call(call) as Promise<T>;
  }
}

${classes.join('\n\n')}

export class Resources {
${fields.join('\n')}

  constructor(core: Core) {
${made.join('\n')}
  }
}
`;
}

function resource(node, prefix) {
  const name = `${prefix.map(pascal).join('')}Resource`;
  const children = node.children.map((child) => ({ field: camel(child.name), type: `${[...prefix, child.name].map(pascal).join('')}Resource` }));
  const fields = children.map(({ field, type }) => `  readonly ${field}: ${type};`);
  const made = children.map(({ field, type }) => `    this.${field} = new ${type}(core);`);
  const constructor = children.length ? [...fields, '', '  constructor(core: Core) {', '    super(core);', ...made, '  }', ''] : [];
  const methods = node.operations.flatMap((operation) => (operation.answer === 'list' ? [method(operation), walker(operation)] : [method(operation)]));
  return `export class ${name} extends Resource {\n${[...constructor, methods.join('\n\n')].join('\n')}\n}`;
}

const ids = ({ parameters }) => parameters.map((name) => `${camel(name)}: string | number | bigint`);
const path = ({ path, parameters }) => (parameters.length ? `\`${path.replace(/\{(\w+)\}/g, (_, name) => `\${segment(${camel(name)})}`)}\`` : `'${path}'`);
const comment = (operation) => `  /** ${sentence(operation).replaceAll('*/', '* /')} */`;

function method(operation) {
  const { name, method, query, body, answer, keyed } = operation;
  const args = ids(operation);
  const call = [`method: '${method}'`, `path: ${path(operation)}`, `answer: ${answer === null ? 'null' : `'${answer}'`}`];
  if (query.length) {
    args.push(`query: ${queryOf(operation)} = {}`);
    call.push('query');
  }
  if (body === 'json') {
    args.push(operation.bodyRequired ? `body: Schemas['${refOf(operation.bodySchema)}']` : `body: Schemas['${refOf(operation.bodySchema)}'] = {}`);
    call.push('json: body');
  }
  if (body === 'text') {
    args.push('text: string');
    call.push("raw: text, contentType: options.contentType ?? 'text/plain'");
  }
  if (body === 'upload') {
    args.push('bytes: Upload');
    call.push('raw: bytes, contentType: options.contentType, query: { filename: options.filename }');
  }
  if (keyed) call.push('keyed: true');
  call.push('options');
  args.push(body === 'upload' ? 'options: UploadOptions = {}' : body === 'text' ? "options: CallOptions & { contentType?: 'text/plain' | 'text/csv' } = {}" : 'options: CallOptions = {}');
  return `${comment(operation)}\n  ${camel(name)}(${args.join(', ')}): Promise<${answered(operation)}> {\n    return this.call({ ${call.join(', ')} });\n  }`;
}

/** `each` of a list, or `eachHistory` of what hangs on an object. */
function walker(operation) {
  const own = operation.name === 'list' ? 'each' : `each${pascal(operation.name)}`;
  const args = [...ids(operation), `query: Omit<${queryOf(operation)}, 'page'> = {}`, 'options: CallOptions = {}'];
  const given = [...operation.parameters.map(camel), '{ ...query, page }', 'options'];
  return `  /** All of ${camel(operation.name)}, page after page. */\n  ${own}(${args.join(', ')}): AsyncGenerator<${itemOf(operation)}, void, undefined> {\n    return each((page) => this.${camel(operation.name)}(${given.join(', ')}));\n  }`;
}

const queryOf = ({ operationId }) => `QueryOf<'${operationId}'>`;
const typeOf = (schema) => (schema?.anyOf ? schema.anyOf.map(typeOf).join(' | ') : refOf(schema) ? `Schemas['${refOf(schema)}']` : 'unknown');
const itemOf = ({ answerSchema }) => typeOf(answerSchema.items);

function answered(operation) {
  if (operation.answer === null) return 'void';
  if (operation.answer === 'text') return 'string';
  if (operation.answer === 'bytes') return 'Response';
  return operation.answer === 'list' ? `Page<${itemOf(operation)}>` : typeOf(operation.answerSchema);
}
