import { describe, expect, it } from 'vitest';
import { IdentifierCounts } from '../../../synthetic/measures/identifier-counts.js';
import { judge, type MeasureName, type MeasureValues, TARGETS } from '../../../synthetic/measures/targets.js';
import { at, customerRow, loanRows, measure, merged, monthly } from './bundles.js';

const event = (customer_id: string | undefined, event_type: string, day: string, more: object = {}) => ({
  ...(customer_id ? { customer_id } : {}),
  event_id: `${customer_id}${event_type}${day}`,
  event_type,
  event_time: at(day),
  ...more,
});

describe('applications', () => {
  it('are approved of those decided, new credit apart from drawdowns', () => {
    const application = (id: string, kind: string, decision: string) => ({
      application_id: id,
      customer_id: 'C0000001',
      kind,
      decision,
      applied_at: at('2025-01-01'),
      decided_at: at('2025-01-01', '12:01:00'),
    });
    const value = measure([
      {
        applications: [
          application('A1', 'CREDIT', 'APPROVED'),
          application('A2', 'CREDIT', 'DECLINED'),
          application('A3', 'CREDIT', 'CANCELLED'),
          application('A4', 'DRAWDOWN', 'APPROVED'),
        ],
      },
    ]);
    expect(value('approvalNew')).toBe(0.5);
    expect(value('approvalRepeat')).toBe(1);
    expect(value('fastDecisions')).toBe(1);
  });

  it('begin with persons who open, each counted once at the furthest step', () => {
    const open = event('C0000001', 'OPEN', '2025-02-01', { device_id: 'D1' });
    const registered = merged(customerRow('C0000001', '2025-02-02'), {
      events: [
        open,
        event('C0000001', 'REGISTER', '2025-02-02', { device_id: 'D1' }),
        event('C0000001', 'FILL', '2025-02-20'),
        // More than 30 days after the first open.
        event('C0000001', 'SUBMIT', '2025-03-20'),
        event(undefined, 'OPEN', '2025-02-01', { device_id: 'D2' }),
      ],
    });
    const value = measure([registered]);
    expect(value('funnelRegister')).toBe(0.5);
    expect(value('funnelFill')).toBe(1);
    expect(value('funnelSubmit')).toBe(0);
  });
});

describe('what customers share', () => {
  const seen = (customer_id: string, device_id: string, more: object = {}) =>
    merged(customerRow(customer_id), {
      device_sightings: [{ customer_id, device_id, seen_at: at('2025-01-01'), ...more }],
    });

  it('leaves the devices of rings out of honest sharing', () => {
    const bundles = [seen('C1', 'D1'), seen('C2', 'D1'), seen('C3', 'D2'), seen('C4', 'D3'), seen('C5', 'D3')];
    expect(measure(bundles)('sharedDevices2')).toBeCloseTo(2 / 3);
    expect(measure(bundles, { C5: 0 })('sharedDevices2')).toBe(0.5);
    expect(measure(bundles)('sharedDevices5')).toBe(0);
  });

  it('tells a family’s network from a supernode', () => {
    const on = (customer_id: string, identifier_type: string, identifier: string) =>
      merged(customerRow(customer_id), { identifier_links: [{ customer_id, identifier_type, identifier }] });
    const station = Array.from({ length: 21 }, (_, index) => on(`S${index}`, 'WIFI', 'station'));
    const value = measure([
      ...station,
      ...['A', 'B'].map((id) => on(id, 'ADDRESS', 'home')),
      on('C', 'WIFI', 'own'),
      on('E', 'EMPLOYER', 'firm'),
    ]);
    expect(value('supernode')).toBeCloseTo(21 / 25);
    expect(value('sharedPlaces')).toBeCloseTo(2 / 25);
  });

  it('counts what devices say of themselves once a device', () => {
    const android = { os: 'Android', os_version: '13', is_emulator: 0 };
    const value = measure([
      merged(seen('C1', 'D1', { ...android, imei: '490154203237519' }), seen('C1', 'D1', android)),
      seen('C2', 'D2', { ...android, oaid: '0'.repeat(32) }),
      seen('C3', 'D3', { os: 'iOS', os_version: '17.1', idfa: '00000000-0000-0000-0000-000000000000' }),
    ]);
    expect(value('imeiNull')).toBe(0.5);
    expect(value('luhnHonest')).toBe(1);
    expect(value('oaidPresent')).toBe(0.5);
    expect(value('idfaZero')).toBe(1);
  });

  it('numbers a hundred thousand identifiers without confusing two', () => {
    const counts = new IdentifierCounts();
    const numbers = new Set(Array.from({ length: 100_000 }, (_, index) => counts.number(`D${index}`)));
    expect(numbers.size).toBe(100_000);
    expect(counts.size).toBe(100_000);
    expect(counts.number('D77')).toBe(77);
  });
});

describe('the app', () => {
  it('is used in sessions, at night by rings', () => {
    const session = (customer_id: string, session_id: string, time: string, ip: string) => ({
      ...event(customer_id, 'LOGIN', '2025-05-15', { session_id, ip }),
      event_time: at('2025-05-15', time),
    });
    const honest = merged(
      customerRow('C1'),
      loanRows({ disbursed: '2025-04-10', dues: monthly('2025-05-10', 12), customer: 'C1' }),
      {
        events: [
          session('C1', 'S1', '10:30:00', '100.64.0.1'),
          session('C1', 'S1', '10:40:00', '100.64.0.1'),
          session('C1', 'S2', '04:59:59', '100.128.0.1'),
        ],
      },
    );
    const ring = merged(customerRow('C2'), { events: [session('C2', 'S3', '00:10:00', '8.8.8.8')] });
    const value = measure([honest, ring], { C2: 1 });
    expect(value('nightHonest')).toBe(0.5);
    expect(value('nightRing')).toBe(1);
    expect(value('carrierNat')).toBeCloseTo(1 / 3);
    // Two sessions in one of the fourteen months with an open loan throughout.
    expect(value('sessionsAMonth')).toBeCloseTo(2 / 14);
  });

  it('takes time to fill in, unless a machine does it', () => {
    const form = (customer_id: string, dwell_ms: number) =>
      merged(customerRow(customer_id), { events: [event(customer_id, 'FILL', '2025-01-01', { dwell_ms })] });
    const value = measure([form('C1', 100_000), form('C2', 120_500), form('C3', 400_000), form('C4', 14_999)], {
      C4: 0,
    });
    expect([value('formMedian'), value('formBots'), value('formBotsHonest')]).toEqual([100, 1, 0]);
  });
});

describe('what was known when', () => {
  it('finds late repayments, reversals and corrected rows', () => {
    const paid = (id: string, more: object = {}) => ({
      repayment_id: id,
      loan_id: 'L1',
      paid_at: at('2025-01-01'),
      method: 'SELF',
      ...more,
    });
    const value = measure([
      {
        repayments: [
          paid('R1'),
          paid('R2', { ingested_at: at('2025-01-03') }),
          paid('R3', { method: 'REVERSAL' }),
          paid('R4', { ingested_at: at('2025-02-01') }),
          paid('R1', { ingested_at: at('2025-03-01') }),
        ],
      },
    ]);
    expect(value('lateRepayments')).toBeCloseTo(1 / 5);
    expect(value('reversals')).toBeCloseTo(1 / 5);
    expect(value('restated')).toBeCloseTo(1 / 4);
  });

  it('finds labels that were known before or long after their window', () => {
    const label = (known: string) => ({ window_to: at('2025-07-01'), known_at: at(known) });
    expect(measure([{ labels: ['2025-07-02', '2025-07-04'].map(label) }])('labelLag')).toBe(1);
    expect(measure([{ labels: ['2025-07-01', '2025-07-05'].map(label) }])('labelLag')).toBe(0);
  });
});

describe('the verdict', () => {
  it('passes a value on the edge of its range, none outside, and none that could not be measured', () => {
    const edges = Object.entries(TARGETS).map(([name, { low }]) => [name, low]);
    const values = Object.fromEntries(edges) as Record<MeasureName, number | null>;
    expect(judge(values as MeasureValues).filter(({ pass }) => !pass)).toEqual([]);
    values.fpd1 = TARGETS.fpd1.high + 1e-9;
    values.recovery = null;
    const outside = judge(values as MeasureValues).filter(({ pass }) => !pass);
    expect(outside.map(({ name }) => name)).toEqual(['fpd1', 'recovery']);
  });
});
