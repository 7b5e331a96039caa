/** Parts of every route that is for operators alone. */
import type { MiddlewareHandler } from 'hono';
import type { ServiceEnv } from '../http/app.ts';
import type { Admin } from './admin.ts';

/** The context of a route behind {@link requireOperator}. */
export type OperatorEnv = ServiceEnv & { readonly Variables: ServiceEnv['Variables'] & { operator: string } };

/** Lets operators pass and puts their name into the context. */
export function requireOperator(admin: Admin): MiddlewareHandler<OperatorEnv> {
  return async (context, next) => {
    context.set('operator', await admin.authenticate(context.req.header('authorization')));
    context.header('cache-control', 'no-store');
    return next();
  };
}

/** `security` of such a route in OpenAPI. */
export const operatorSecurity: { operator: string[] }[] = [{ operator: [] }];
