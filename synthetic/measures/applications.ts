import { DAY, type Instant } from '../../src/core/helpers/time.js';
import { type Bundle, type Section, tableOf } from './bundle.js';
import { instantOf, lastVersions, textOf } from './fields.js';
import type { Frame } from './frame.js';
import { Ratio } from './ratio.js';
import type { MeasureValues } from './targets.js';

type Values = Pick<
  MeasureValues,
  'approvalNew' | 'approvalRepeat' | 'funnelRegister' | 'funnelFill' | 'funnelSubmit' | 'funnelDraw'
>;

const WINDOW = 30 * DAY;

/** Steps of a person's way in; each with the instant at which it was first taken, null when it was not. */
interface Way {
  readonly opened: Instant;
  readonly registered: Instant | null;
  readonly filled: Instant | null;
  readonly submitted: Instant | null;
}

/**
 * The funnel from opening the app to drawing. A person is a customer, or a device while no customer has registered on it; the funnel
 * counts from the first open, for 30 days, for persons who had not registered before and whose 30 days are over. Drawn is counted from
 * the decision. Approval is approved over decided: pending and cancelled applications are in neither part.
 */
export class Applications implements Section<Values> {
  private readonly approval = { CREDIT: new Ratio(), DRAWDOWN: new Ratio() };
  private readonly register = new Ratio();
  private readonly fill = new Ratio();
  private readonly submit = new Ratio();
  private readonly draw = new Ratio();

  constructor(private readonly frame: Frame) {}

  add(bundle: Bundle): void {
    this.addDecisions(bundle);
    for (const way of waysIn(bundle)) this.addWay(way);
  }

  values(): Values {
    return {
      approvalNew: this.approval.CREDIT.value,
      approvalRepeat: this.approval.DRAWDOWN.value,
      funnelRegister: this.register.value,
      funnelFill: this.fill.value,
      funnelSubmit: this.submit.value,
      funnelDraw: this.draw.value,
    };
  }

  private addDecisions(bundle: Bundle): void {
    const applications = tableOf(bundle, 'applications');
    if (applications.length === 0) return;
    const disbursed = tableOf(bundle, 'loans').map((loan) => instantOf(loan, 'disbursed_at') as Instant);
    for (const application of lastVersions(applications, ['application_id'])) {
      const { kind, decision } = application;
      if (decision !== 'APPROVED' && decision !== 'DECLINED') continue;
      const approved = decision === 'APPROVED';
      this.approval[kind === 'DRAWDOWN' ? 'DRAWDOWN' : 'CREDIT'].add(approved);
      const decidedAt = instantOf(application, 'decided_at');
      if (kind === 'DRAWDOWN' || !approved || decidedAt === null || decidedAt + WINDOW > this.frame.horizon) continue;
      this.draw.add(disbursed.some((at) => at >= decidedAt && at <= decidedAt + WINDOW));
    }
  }

  private addWay({ opened, registered, filled, submitted }: Way): void {
    if (opened < this.frame.start || opened + WINDOW > this.frame.horizon) return;
    if (registered !== null && registered < opened) return;
    const end = opened + WINDOW;
    const did = (at: Instant | null, after: Instant): at is Instant => at !== null && at >= after && at <= end;
    this.register.add(did(registered, opened));
    if (!did(registered, opened)) return;
    this.fill.add(did(filled, registered));
    if (!did(filled, registered)) return;
    this.submit.add(did(submitted, filled));
  }
}

function waysIn(bundle: Bundle): Way[] {
  const first = { REGISTER: null, FILL: null, SUBMIT: null } as Record<string, Instant | null>;
  let opened: Instant | null = null;
  const anonymous = new Map<string, Instant>();
  const ownDevices = new Set<string>();
  for (const event of tableOf(bundle, 'events')) {
    const type = event.event_type as string;
    if (type !== 'OPEN' && !(type in first)) continue;
    const at = instantOf(event, 'event_time') as Instant;
    const device = textOf(event, 'device_id');
    if (type !== 'OPEN') {
      first[type] = Math.min(first[type] ?? at, at);
      if (type === 'REGISTER' && device) ownDevices.add(device);
    } else if (event.customer_id !== undefined) opened = Math.min(opened ?? at, at);
    else if (device) anonymous.set(device, Math.min(anonymous.get(device) ?? at, at));
  }
  const ways: Way[] = [];
  for (const [device, at] of anonymous) {
    // Before the device's first registration its opens are the later customer's.
    if (ownDevices.has(device)) opened = Math.min(opened ?? at, at);
    else ways.push({ opened: at, registered: null, filled: null, submitted: null });
  }
  const customer = tableOf(bundle, 'customers')[0];
  const registered = first.REGISTER ?? (customer ? instantOf(customer, 'registered_at') : null);
  if (opened !== null) ways.push({ opened, registered, filled: first.FILL ?? null, submitted: first.SUBMIT ?? null });
  return ways;
}
