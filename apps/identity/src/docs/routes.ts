/** The API's description: `/openapi.json` from the routes' own schemas, and `/docs` for people. */
import { createHash } from 'node:crypto';
import type { ServiceApp } from '../http/app.ts';
import { docsPage, pageStyle } from './page.ts';

/** Groups of the description, in the order of the page. */
const tags = [
  {
    name: 'issuer',
    description: 'Verified Human credentials by OpenID for Verifiable Credential Issuance 1.0',
  },
  { name: 'status', description: 'Revocation: W3C Bitstring Status Lists' },
  { name: 'resolution', description: 'DID resolution by the HTTP binding of W3C DID Resolution' },
  { name: 'directory', description: 'How to reach people: contact records and prekeys' },
  { name: 'administration', description: 'For operators, with a bearer token' },
  { name: 'operation', description: 'Health, readiness and metrics' },
];

/** Bearer tokens, by the names that routes use. */
const bearers = {
  operator: 'An operator’s token (wotid identity operator)',
  accessToken: 'What /token gives',
  application: 'What /applications gives',
  directory: 'What /directory/token gives',
};

/** Adds `/openapi.json` and `/docs`. Call it last: it describes the routes that are there by then. */
export function addDocsRoutes(app: ServiceApp, init: { readonly publicUrl: () => string }): void {
  for (const [name, bearerOf] of Object.entries(bearers)) {
    app.openAPIRegistry.registerComponent('securitySchemes', name, {
      type: 'http',
      scheme: 'bearer',
      description: bearerOf,
    });
  }
  let description: object | undefined;
  const describe = (): object =>
    (description ??= app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'wot.id identity service',
        version: '0.1.0',
        description: 'Who is human, who says so, and how to reach them.',
      },
      servers: [{ url: init.publicUrl() }],
      tags,
    }));
  const styleHash = createHash('sha256');
  app.get('/openapi.json', (context) => context.json(describe()));
  app.get('/docs', async (context) => {
    const page = String(await docsPage(describe()));
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? pageStyle;
    const hash = styleHash.copy().update(style).digest('base64');
    context.header(
      'content-security-policy',
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'`,
    );
    return context.html(page);
  });
}
