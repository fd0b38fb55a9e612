// What the clients call, read off the specification: which resource, under which name, with what. All three clients have the same names.

/** Names that a path doesn't give, or gives badly. `test` and `import` are words of some languages. */
const names = {
  account_regenerate_key: 'regenerate_key',
  account_rotate_secret: 'rotate_secret',
  blacklist_import: 'import_entries',
  rule_trial_run: 'try_rule',
  product_put_serials: 'add_serials',
  product_get_file: 'download_file',
  order_table: 'csv',
};

/** Uploads, whatever their form is called in the specification. */
const uploads = ['image', 'file', 'logo'];

/**
 * @returns {{resource: string[], name: string, method: string, path: string, parameters: string[], query: object[], body: 'json' | 'upload' | 'text' | null,
 *   bodySchema?: object, bodyRequired: boolean, answer: 'json' | 'list' | 'text' | 'bytes' | null, answerSchema?: object, keyed: boolean, summary: string}[]}
 */
export function operations(spec) {
  return Object.entries(spec.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => ['get', 'post', 'put', 'delete'].includes(method))
      .map(([method, operation]) => describe(spec, path, item, method, operation)),
  );
}

function describe(spec, path, item, method, operation) {
  const parts = path.replace(/\.\w+$/, '').split('/').filter(Boolean);
  const parameters = parts.filter((part) => part.startsWith('{')).map((part) => part.slice(1, -1));
  const { resource, name } = named(path, parts, item, method, operation);
  const [status, response] = Object.entries(operation.responses).find(([code]) => code.startsWith('2'));
  const answers = response.content ?? {};
  const json = answers['application/json'];
  return {
    operationId: operation.operationId,
    resource,
    name,
    method: method.toUpperCase(),
    path,
    parameters,
    query: (operation.parameters ?? []).filter((one) => one.in === 'query' && name !== 'upload' && !name.startsWith('upload_')),
    ...bodyOf(operation, parts, method),
    answer: status === '204' ? null : json ? (json.schema.type === 'array' ? 'list' : 'json') : 'text/csv' in answers ? 'text' : 'bytes',
    answerSchema: json?.schema,
    keyed: (operation.parameters ?? []).some((one) => one.name === 'Idempotency-Key'),
    summary: operation.summary,
    description: operation.description ?? '',
  };
}

function named(path, parts, item, method, { operationId }) {
  const at = parts.findIndex((part) => part.startsWith('{'));
  const verbs = { get: 'retrieve', post: 'create', put: 'update', delete: 'destroy' };
  const words = parts.filter((part) => !part.startsWith('{'));
  const own = names[operationId];
  if (at < 0) {
    const last = words.at(-1);
    // A part of a single object, or something to do with a whole collection.
    const isPart = words.length > 1 && (!item.get || uploads.includes(last));
    if (own) return { resource: isPart ? words.slice(0, -1) : words, name: own };
    if (isPart) return { resource: words.slice(0, -1), name: partly(method, last) };
    const isList = item.get?.responses['200']?.content?.['application/json']?.schema.type === 'array';
    return { resource: words, name: method === 'get' && isList ? 'list' : verbs[method] };
  }
  const resource = parts.slice(0, at);
  const action = parts[at + 1];
  return { resource, name: own ?? (action ? partly(method, action) : verbs[method]) };
}

function partly(method, part) {
  if (method === 'put') return `upload_${part}`;
  return method === 'delete' ? `destroy_${part}` : part;
}

function bodyOf({ operationId, requestBody }, parts, method) {
  const content = requestBody?.content;
  if (!content) return { body: null, bodyRequired: false };
  if (method === 'put' && uploads.includes(parts.at(-1))) return { body: 'upload', bodyRequired: true };
  const json = content['application/json'];
  if (json) return { body: 'json', bodySchema: json.schema, bodyRequired: requestBody.required === true };
  if (content['text/plain']) return { body: 'text', bodyRequired: true };
  throw new Error(`${operationId} takes a body that no client knows`);
}

/** [{path: ['webhooks', 'endpoints'], operations, children}], as a tree. */
export function tree(all) {
  const root = { name: null, operations: [], children: [] };
  for (const operation of all) {
    let node = root;
    for (const word of operation.resource) {
      let child = node.children.find(({ name }) => name === word);
      if (!child) node.children.push((child = { name: word, operations: [], children: [] }));
      node = child;
    }
    node.operations.push(operation);
  }
  return root.children;
}

export const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
export const pascal = (name) => camel(name).replace(/^\w/, (letter) => letter.toUpperCase());
export const refOf = (schema) => schema?.$ref?.split('/').pop();
/** The first sentence, on one line. */
export const sentence = ({ summary, description }) => `${summary}. ${description.replace(/\s+/g, ' ').trim()}`.trim();
