import type { CardTokens } from '../../contracts/payment.ts';
import type { Payment } from '../../contracts/user.ts';
import { hasRole, type Principal } from '../../runtime/http/endpoint.ts';
import { invalid, Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';

/** What a payment can be judged by at the door. */

/** When to ask again whether a way to pay is on. */
const methodOffRetrySeconds = 30;

/** Refuses a way to pay that is switched off. */
export function checkMethod(service: ServiceRuntime, method: Payment['method']): void {
  if (service.settings().paymentMethods.includes(method)) return;
  const detail = `Paying by ${method} is switched off at the moment. Book without a payment and pay later, or come back.`;
  throw new Problem('payment_method_off', detail, { retryAfterSeconds: methodOffRetrySeconds });
}

/** Cash is for the counter; a card token must be one the provider knows. */
export function checkPayment(
  service: ServiceRuntime,
  paid: { readonly principal: Principal; readonly payment: Payment; readonly pointer: string },
): void {
  checkMethod(service, paid.payment.method);
  if (paid.payment.method === 'cash') {
    if (!hasRole(paid.principal, 'staff'))
      throw new Problem('forbidden', 'Cash is taken at the counter, by staff. Pay by card.');
    return;
  }
  const { looksKnown, wanted } = service.part<CardTokens>('card-tokens');
  if (!looksKnown(paid.payment.token)) throw invalid(paid.pointer, 'unknown_token', wanted);
}
