// clients/python/src/pushguard/_generated.py: a TypedDict for each object, and each resource twice, for a program that waits and for asyncio.
import { operations, pascal, refOf, sentence, tree } from './operations.mjs';

export function python(spec) {
  const roots = tree(operations(spec));
  const both = ['', 'Async'].map((kind) => resources(roots, kind));
  return `# Made by \`npm run clients\` from the specification. Not to be edited.
"""Objects and resources of the API."""

from typing import Any, AsyncIterator, Dict, Iterator, List, Literal, Optional, TypedDict, Union

from typing_extensions import Unpack

from ._core import AsyncResource, AsyncTransport, Page, Resource, Transport, Upload, each, each_async

${Object.entries(spec.components.schemas).map(([name, schema]) => typed(name, schema)).join('\n\n')}

${both.join('\n\n')}
`;
}

// --- Objects --------------------------------------------------------------------------------------------------------------

function typed(name, schema) {
  if (!schema.properties) return `${name} = ${typeOf(schema)}`;
  const required = new Set(schema.required ?? []);
  const entries = Object.entries(schema.properties);
  const part = (kind, fields, total) => `_${name}${kind} = TypedDict("_${name}${kind}", {${fields.map(([field, own]) => `"${field}": ${typeOf(own)}`).join(', ')}}${total ? '' : ', total=False'})`;
  const always = entries.filter(([field]) => required.has(field));
  const maybe = entries.filter(([field]) => !required.has(field));
  const lines = [];
  if (always.length) lines.push(part('Always', always, true));
  if (maybe.length || !always.length) lines.push(part('Maybe', maybe, false));
  const bases = [always.length && `_${name}Always`, (maybe.length || !always.length) && `_${name}Maybe`].filter(Boolean);
  const about = entries.map(([field, { description }]) => `    ${field}: ${oneLine(description ?? '')}`.trimEnd());
  return [...lines, '', '', `class ${name}(${bases.join(', ')}):`, `    """${pascal(name)}.`, '', ...about, '    """', ''].join('\n');
}

const oneLine = (text) => text.replace(/\s+/g, ' ').replaceAll('\\', '\\\\').replaceAll('"""', "'''").trim();

function typeOf(schema) {
  if (!schema) return 'Any';
  if (schema.$ref) return `"${refOf(schema)}"`;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return union(choices.map(typeOf));
  if (schema.enum) return `Literal[${schema.enum.map((value) => (value === null ? 'None' : JSON.stringify(value))).join(', ')}]`;
  return union([schema.type].flat().map((type) => plain(type, schema)));
}

function union(types) {
  const unique = [...new Set(types)];
  if (unique.includes('Any')) return 'Any';
  const some = unique.filter((type) => type !== 'None');
  const all = some.length > 1 ? `Union[${some.join(', ')}]` : (some[0] ?? 'None');
  return unique.includes('None') && some.length ? `Optional[${all}]` : all;
}

function plain(type, schema) {
  if (type === 'array') return `List[${typeOf(schema.items)}]`;
  if (type === 'object') return 'Dict[str, Any]';
  return { string: 'str', integer: 'int', number: 'float', boolean: 'bool', null: 'None' }[type] ?? 'Any';
}

// --- Resources ------------------------------------------------------------------------------------------------------------

function resources(roots, kind) {
  const classes = [];
  const walk = (nodes, prefix) =>
    nodes.forEach((node) => {
      walk(node.children, [...prefix, node.name]);
      classes.push(resource(node, [...prefix, node.name], kind));
    });
  walk(roots, []);
  const made = roots.map(({ name }) => `        self.${name} = ${kind}${pascal(name)}Resource(transport)`);
  return `${classes.join('\n\n')}\n\n\nclass ${kind}Resources:\n    def __init__(self, transport: ${kind}Transport) -> None:\n${made.join('\n')}\n`;
}

function resource(node, prefix, kind) {
  const name = `${kind}${prefix.map(pascal).join('')}Resource`;
  const made = node.children.map((child) => `        self.${child.name} = ${kind}${[...prefix, child.name].map(pascal).join('')}Resource(transport)`);
  const init = made.length ? [`    def __init__(self, transport: ${kind}Transport) -> None:`, '        super().__init__(transport)', ...made, ''] : [];
  const methods = node.operations.flatMap((operation) => (operation.answer === 'list' ? [method(operation, kind), walker(operation, kind)] : [method(operation, kind)]));
  return `\nclass ${name}(${kind}Resource):\n${[...init, methods.join('\n\n')].join('\n')}`;
}

const ids = ({ parameters }) => parameters.map((name) => `${name}: Union[str, int]`);
const path = ({ path, parameters }) => (parameters.length ? `f"${path.replace(/\{(\w+)\}/g, '{self._id($1)}')}"` : `"${path}"`);
const queries = (operation) => operation.query.map(({ name, schema }) => ({ name, type: union([typeOf({ ...schema, enum: undefined, type: schema.type ?? 'string' }), 'None']) }));

function method(operation, kind) {
  const [def, wait] = kind ? ['async def', 'await '] : ['def', ''];
  const { name, method, body, answer, keyed } = operation;
  const [own, call] = [['self', ...ids(operation)], [`"${method}"`, path(operation), `answer=${answer ? `"${answer}"` : 'None'}`]];
  const named = [];
  if (body === 'text') own.push('text: str');
  if (body === 'upload') own.push('content: Upload');
  if (operation.query.length) {
    named.push(...queries(operation).map(({ name, type }) => `${name}: ${type} = None`));
    call.push(`query={${operation.query.map(({ name }) => `"${name}": ${name}`).join(', ')}}`);
  }
  if (body === 'upload') {
    named.push('filename: Optional[str] = None', 'content_type: str = "application/octet-stream"');
    call.push('content=content', 'content_type=content_type', 'query={"filename": filename}');
  }
  if (body === 'text') {
    named.push('content_type: str = "text/plain"');
    call.push('content=text', 'content_type=content_type');
  }
  if (keyed) {
    named.push('idempotency_key: Optional[str] = None');
    call.push('keyed=True', 'idempotency_key=idempotency_key');
  }
  if (body === 'json') {
    named.push(`**fields: Unpack[${refOf(operation.bodySchema)}]`);
    call.push('json=fields');
  }
  const onlyFields = named.length === 1 && named[0].startsWith('**');
  const args = [...own, ...(named.length && !onlyFields ? ['*'] : []), ...named];
  const result = `self._call(${call.join(', ')})`;
  const type = answered(operation);
  const lines = [`    ${def} ${name}(${args.join(', ')}) -> ${type}:`, `        """${oneLine(sentence(operation))}"""`];
  lines.push(type === 'None' ? `        ${wait}${result}` : `        result: ${type} = ${wait}${result}`);
  if (type !== 'None') lines.push('        return result');
  return lines.join('\n');
}

function walker(operation, kind) {
  const own = operation.name === 'list' ? 'each' : `each_${operation.name}`;
  const given = queries(operation).filter(({ name }) => name !== 'page');
  const args = ['self', ...ids(operation), '*', ...given.map(({ name, type }) => `${name}: ${type} = None`)];
  const passed = [...operation.parameters, 'page=page', ...given.map(({ name }) => `${name}=${name}`)];
  const iterator = kind ? 'AsyncIterator' : 'Iterator';
  return `    def ${own}(${args.join(', ')}) -> ${iterator}[${itemOf(operation)}]:\n        """All of \`\`${operation.name}\`\`, page after page."""\n        return ${kind ? 'each_async' : 'each'}(lambda page: self.${operation.name}(${passed.join(', ')}))`;
}

const itemOf = ({ answerSchema }) => typeOf(answerSchema.items);

function answered(operation) {
  if (operation.answer === null) return 'None';
  if (operation.answer === 'text') return 'str';
  if (operation.answer === 'bytes') return 'bytes';
  return operation.answer === 'list' ? `Page[${itemOf(operation)}]` : typeOf(operation.answerSchema);
}
