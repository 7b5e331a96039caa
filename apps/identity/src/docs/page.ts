/**
 * The readable page of an OpenAPI 3.1 document: plain HTML without scripts. Written here because the usual viewers load
 * megabytes of script, often from somebody else's server, and this service's pages run none.
 */
import { html, raw } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';

type Html = HtmlEscapedString | Promise<HtmlEscapedString>;
type Node = { readonly [member: string]: unknown };

/** Style of the page; the content security policy names its hash, so nothing else can style or run. */
export const pageStyle = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 22%, transparent); }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem 1.25rem 4rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: .5rem .75rem; }
summary { cursor: pointer; }
code, pre { font: .9rem/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; background: color-mix(in srgb, currentColor 7%, transparent); padding: .75rem; border-radius: .35rem; }
.method { display: inline-block; min-width: 3.5rem; font-weight: 600; }
.muted { opacity: .75; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); padding: .3rem .6rem .3rem 0; }
`;

/** Renders the page of `document`. */
export function docsPage(document: object): Html {
  const { info, paths, components, tags } = document as Node;
  const { title, version, description } = nodeOf(info);
  const groups = new Map<string, Html[]>();
  for (const [path, item] of Object.entries(nodeOf(paths))) {
    for (const [method, operation] of Object.entries(nodeOf(item))) {
      const tag = String(listOf(nodeOf(operation)['tags'])[0] ?? 'other');
      groups.set(tag, [...(groups.get(tag) ?? []), operationOf(path, method, nodeOf(operation))]);
    }
  }
  const descriptions = new Map(listOf(tags).map((tag) => [nodeOf(tag)['name'], nodeOf(tag)['description']]));
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${raw(pageStyle)}
        </style>
      </head>
      <body>
        <h1>${title} <span class="muted">${version}</span></h1>
        <p>${description ?? ''}</p>
        <p><a href="openapi.json">openapi.json</a> has the same for programs.</p>
        ${[...groups].map(
          ([tag, operations]) =>
            html`<h2 id="${tag}">${tag}</h2>
              <p class="muted">${descriptions.get(tag) ?? ''}</p>
              ${operations}`,
        )}
        <h2>schemas</h2>
        ${Object.entries(nodeOf(nodeOf(components)['schemas'])).map(
          ([name, schema]) =>
            html`<details id="schema-${name}">
              <summary><code>${name}</code></summary>
              <pre>${JSON.stringify(schema, null, 2)}</pre>
            </details>`,
        )}
      </body>
    </html>`;
}

function operationOf(path: string, method: string, operation: Node): Html {
  const parameters = listOf(operation['parameters']).map(nodeOf);
  const body = nodeOf(operation['requestBody']);
  return html`<details>
    <summary>
      <code><span class="method">${method.toUpperCase()}</span> ${path}</code>
      <span class="muted">${operation['summary'] ?? ''}</span>
    </summary>
    <p>${operation['description'] ?? ''}</p>
    ${
      parameters.length === 0
        ? ''
        : html`<table>
            <tr>
              <th>parameter</th>
              <th>in</th>
              <th>meaning</th>
            </tr>
            ${parameters.map(
              (one) =>
                html`<tr>
                  <td><code>${one['name']}</code>${one['required'] === true ? '' : ' (optional)'}</td>
                  <td>${one['in']}</td>
                  <td>${one['description'] ?? nodeOf(one['schema'])['description'] ?? ''}</td>
                </tr>`,
            )}
          </table>`
    }
    ${
      'content' in body
        ? html`<h4>body</h4>
            ${contentOf(nodeOf(body['content']))}`
        : ''
    }
    <h4>answers</h4>
    <table>
      ${Object.entries(nodeOf(operation['responses'])).map(
        ([status, response]) =>
          html`<tr>
            <td><code>${status}</code></td>
            <td>
              ${nodeOf(response)['description'] ?? ''} ${contentOf(nodeOf(nodeOf(response)['content']))}
            </td>
          </tr>`,
      )}
    </table>
  </details>`;
}

function contentOf(content: Node): Html[] {
  return Object.entries(content).map(([mediaType, value]) => {
    const schema = nodeOf(nodeOf(value)['schema']);
    const reference = /^#\/components\/schemas\/(.+)$/.exec(String(schema['$ref'] ?? ''))?.[1];
    return reference === undefined
      ? html`<p><code>${mediaType}</code></p>
          <pre>${JSON.stringify(schema, null, 2)}</pre>`
      : html`<p><code>${mediaType}</code> <a href="#schema-${reference}">${reference}</a></p>`;
  });
}

function nodeOf(value: unknown): Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Node) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
