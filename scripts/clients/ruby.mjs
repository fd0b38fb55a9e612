// clients/ruby/lib/PushGuard/generated.rb: a module for each resource, under the reference's names, which say some of them in the singular.
import { operations, pascal, sentence, tree } from './operations.mjs';

export function ruby(spec) {
  const roots = tree(operations(spec));
  return `# Made by \`npm run clients\` from the specification. Not to be edited.
# frozen_string_literal: true

module PushGuard
${roots.map((node) => resource(node, 1)).join('\n\n')}

${roots.map(({ name }) => alias(name, 1)).filter(Boolean).join('\n')}
end
`;
}

const indent = (depth) => '  '.repeat(depth);

function resource(node, depth) {
  const inner = node.children.map((child) => resource(child, depth + 1));
  const methods = node.operations.map((operation) => method(operation, depth + 1));
  const aliases = node.children.map(({ name }) => alias(name, depth + 1)).filter(Boolean);
  const parts = [...inner, ...methods, ...(aliases.length ? [aliases.join('\n')] : [])];
  return `${indent(depth)}module ${pascal(node.name)}\n${indent(depth + 1)}extend Resource\n\n${parts.join('\n\n')}\n${indent(depth)}end`;
}

/** \`Category\` beside \`Categories\`, as the reference has it. */
function alias(name, depth) {
  const one = name.replace(/ies$/, 'y').replace(/s$/, '');
  return one === name ? '' : `${indent(depth)}${pascal(one)} = ${pascal(name)}`;
}

function method(operation, depth) {
  const { name, parameters, body, answer, keyed, query } = operation;
  const path = operation.path.replace(/\{(\w+)\}/g, '#{escape($1)}');
  const args = [...parameters];
  const call = [`"${operation.method}"`, `"${path}"`, `answer: ${answer ? `:${answer}` : 'nil'}`];
  if (keyed) call.push('keyed: true');
  if (body === 'upload') {
    args.push('content', 'filename: nil', 'content_type: "application/octet-stream"');
    call.push('content: content', 'content_type: content_type', 'query: { filename: filename }');
  } else if (body === 'text') {
    args.push('text', 'content_type: "text/plain"', 'idempotency_key: nil');
    call.push('content: text', 'content_type: content_type', 'idempotency_key: idempotency_key');
  } else if (body === 'json') {
    args.push('fields = nil', ...(keyed ? ['idempotency_key: nil'] : []), '**more');
    call.push('json: both(fields, more)', ...(keyed ? ['idempotency_key: idempotency_key'] : []));
  } else if (query.length) {
    args.push('query = nil', '**more');
    call.push('query: both(query, more)');
  } else if (keyed) {
    args.push('idempotency_key: nil');
    call.push('idempotency_key: idempotency_key');
  }
  const lines = [`# ${sentence(operation)}`, `def self.${name}${args.length ? `(${args.join(', ')})` : ''}`, `  call(${call.join(', ')})`, 'end'];
  // The reference writes \`Orders::List(page: 10)\`.
  if (name === 'list') lines.push('', 'def self.List(*args, **more)', '  list(*args, **more)', 'end', '', '# All of them, page after page.', 'def self.each(query = nil, **more, &block)', '  pages(both(query, more), &block)', 'end');
  return lines.map((line) => (line ? indent(depth) + line : '')).join('\n');
}
