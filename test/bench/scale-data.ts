import type { Database } from '../../src/stores/database/database.ts'

/** Rows of a table, made from a number `n` from 1 to `rows`; only what a job's condition looks at has a shape. */
type Filling = { table: string; rows: number; columns: Record<string, string> }

/** How many rows an installation has that serves everybody: 4.6 M insured persons, 2 M accounts, 50 M events. */
const full = { insured: 4_600_000, accounts: 2_000_000, events: 50_000_000 }

const id = (n: string) => `('00000000-0000-4000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`
const text = (length: number) => `repeat('x', ${length})`
/** The id of a key, so that a service takes the rows for its own; set by `fillTables`. */
const kid = (ring: 'encryption' | 'hash') => `current_setting('bench.${ring}_kid') || '.'`
const sealed = (length: number) => `${kid('encryption')} || ${text(length)}`
const hashed = (what: string) => `${kid('hash')} || ${what}`
/** Spreads neighbours over a table, as real traffic does; the factor is a prime. */
const scattered = (n: string, rows: number) => `1 + (${n}::bigint * 7919) % ${rows}`
const ago = (days: string) => `now() - (${days}) * interval '1 day'`
const day = (days: string) => `current_date + ((${days})::int)`

function accountsOf(rows: number): Filling {
  // In a thousand accounts: 15 wait for their link, 2 for a letter, 10 for their first sign-in, 5 suspended, 20 ended.
  const state = `(case when n % 1000 < 15 then 'pending_activation' when n % 1000 < 17 then 'awaiting_letter'
    when n % 1000 < 27 then 'letter_posted' when n % 1000 < 32 then 'suspended' when n % 1000 < 52 then 'ended' else 'active' end)`
  return {
    table: 'accounts',
    rows,
    columns: {
      id: id('n'),
      username: "'member.' || n",
      password_hash: text(97),
      state,
      insurance_number_hash: hashed('md5(n::text)'),
      insurance_number: sealed(60),
      insurer_number: "'108310400'",
      identification: "'post'",
      email: sealed(80),
      mobile: sealed(64),
      language: "'de'",
      terms_version: "'1'",
      registered_at: `case when n % 1000 < 15 then ${ago('(n / 1000) % 29')} else ${ago('n % 1500')} end`,
      activation_last_day: `case when n % 1000 < 15 then ${day('28 - (n / 1000) % 29')} else ${day('28 - n % 1500')} end`,
      activation_reminders: 'case when (n / 1000) % 29 >= 21 then 2 when (n / 1000) % 29 >= 7 then 1 else 0 end',
      code_last_day: `case when n % 1000 >= 17 then ${day('30 - (n / 1000) % 121')} end`,
      active_since: `case when n % 1000 >= 30 then ${ago('n % 1400')} end`,
      state_changed_at: ago('n % 1400'),
    },
  }
}

function lettersOf(accounts: number): Filling {
  const rows = Math.round(accounts * 1.3)
  const state = "(case when n % 1000 < 8 then 'posted' when n % 1000 < 10 then 'requested' else 'ended' end)"
  return {
    table: 'unlock_letters',
    rows,
    columns: {
      id: id('n'),
      account_id: `case when n % 100 <> 99 then ${id(scattered('n', accounts))} end`,
      insurance_number_hash: hashed(`md5((${scattered('n', accounts)})::text)`),
      state,
      requested_at: ago('n % 1400'),
      printable_from: `case when n % 1000 < 10 then ${ago('(n / 1000) % 32 - 1')} else ${ago('case when n % 100 = 99 then n % 31 else n % 1400 end')} end`,
      posted_on: day('-(n % 1400)'),
      last_day: `case when n % 1000 < 8 then ${day('30 - (n / 1000) % 31')} else ${day('30 - n % 1400')} end`,
      reminded_at: 'case when (n / 1000) % 31 > 20 then now() end',
      code_hash: `case when n % 1000 < 8 then ${hashed(text(43))} end`,
    },
  }
}

/** What comes and goes with the sign-ins of a day (a tenth of the accounts). */
function trafficOf(accounts: number): Filling[] {
  const daily = Math.round(accounts / 10)
  return [
    {
      table: 'journeys',
      rows: daily,
      columns: {
        id: 'md5(n::text)',
        kind: "'sign_in'",
        state: `case when n % 100 = 0 then ${sealed(400)} end`,
        expires_at: `now() + (60 - n % 1440) * interval '1 minute'`,
      },
    },
    {
      table: 'one_time_codes',
      rows: daily * 2,
      columns: {
        id: id('n'),
        purpose: "case when n % 50 = 0 then 'registration' else 'signIn' end",
        subject: `md5((${scattered('n', daily)})::text)`,
        code_hash: hashed(text(43)),
        country: "'DE'",
        tries_left: '3',
        issued_at: `now() - (n % 2890) * interval '1 minute'`,
        expires_at: `now() - (n % 2890 - 5) * interval '1 minute'`,
        consumed_at: 'case when n % 10 <> 0 then now() end',
      },
    },
    {
      table: 'messages',
      rows: daily * 10,
      columns: {
        id: id('n'),
        kind: "case when n % 5 = 0 then 'email' else 'sms' end",
        created_at: `now() - (n % 43300) * interval '1 minute'`,
        delivered_at: 'case when n % 43300 > 0 then now() end',
        key: "'k' || n",
      },
    },
    {
      table: 'oidc_artefacts',
      rows: daily * 5,
      columns: {
        model: "(array['Session','AccessToken','AuthorizationCode','RefreshToken','Grant'])[1 + n % 5]",
        id_hash: 'md5(n::text)',
        payload: sealed(500),
        grant_hash: `md5((${scattered('n', daily)})::text)`,
        expires_at: `now() + (n % 43200 - 10) * interval '1 minute'`,
      },
    },
    {
      table: 'rate_limits',
      rows: daily,
      columns: {
        key: "'ip:' || n",
        points: '1',
        expire: `(extract(epoch from now()) * 1000)::bigint + (n % 86400 - 60) * 1000`,
      },
    },
  ]
}

function auditOf(rows: number, accounts: number, firstPosition: number): Filling {
  return {
    table: 'audit_events',
    rows,
    columns: {
      at: `now() - (${rows} - n) * interval '2 seconds'`,
      type: "'signIn.completed'",
      actor: "'member'",
      account_id: `case when n % 50 <> 0 then ${id(scattered('n', accounts))} end`,
      data: `'{"clientId":"portal"}'::jsonb`,
      digest: hashed(text(43)),
      position: `case when n <= ${rows} - 2000 then n + ${firstPosition} end`,
      chain: `case when n <= ${rows} - 2000 then ${hashed(text(43))} end`,
    },
  }
}

/**
 * The tables at a share of the full size; `events` may be scaled on its own, because it is the largest by far. They take the places in
 * the chain after `firstPosition`.
 */
export function planFillings(factor: number, eventFactor = factor, firstPosition = 0): Filling[] {
  const accounts = Math.max(2000, Math.round(full.accounts * factor))
  const insured: Filling = {
    table: 'insured_persons',
    rows: Math.round(full.insured * factor),
    columns: {
      id: id('n'),
      insurance_number_hash: hashed('md5(n::text)'),
      insurance_number: sealed(60),
      insurer_number: "'108310400'",
      given_name: sealed(60),
      family_name: sealed(60),
      birth_date: sealed(60),
      address: sealed(180),
      coverage_from: day('-4000'),
      created_at: 'now()',
      updated_at: 'now()',
    },
  }
  const links: Filling = {
    table: 'activation_links',
    rows: accounts,
    columns: {
      token_hash: 'md5(n::text)',
      account_id: id(scattered('n', accounts)),
      last_day: day('28 - n % 394'),
      used_at: 'now()',
    },
  }
  const browsers: Filling = {
    table: 'known_browsers',
    rows: accounts,
    columns: { account_id: id(scattered('n', accounts)), browser_hash: 'md5(n::text)', known_since: 'now()' },
  }
  const browserLinks: Filling = {
    table: 'browser_links',
    rows: Math.round(accounts / 20),
    columns: {
      token_hash: 'md5(n::text)',
      account_id: id(scattered('n', accounts)),
      expires_at: `now() + (n % 1440 - 5) * interval '1 minute'`,
    },
  }
  const events = Math.round(full.events * eventFactor)
  const members = [accountsOf(accounts), lettersOf(accounts), links, browsers, browserLinks]
  return [...members, ...trafficOf(accounts), auditOf(events, accounts, firstPosition), insured]
}

/**
 * Fills an empty schema. Indexes are built after the rows and nothing is logged for a crash: it is a database to measure
 * plans in, and to throw away. `report` gets a line per table. `kids`: under which keys the rows pretend to be.
 */
export async function fillTables(
  db: Database,
  fillings: Filling[],
  report: (line: string) => void,
  kids: { encryption: string; hash: string } = { encryption: 'made-up', hash: 'made-up' },
): Promise<void> {
  for (const { table, rows, columns } of fillings) {
    const started = performance.now()
    await db.transaction(async (tx) => {
      await tx.raw("set local session_replication_role = 'replica'")
      for (const [ring, id] of Object.entries(kids))
        await tx.raw('select set_config(?, ?, true)', [`bench.${ring}_kid`, id])
      const { rows: indexes } = await tx.raw(
        `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
         where indrelid = ?::regclass and not exists (select from pg_constraint where conindid = indexrelid)`,
        [table],
      )
      for (const { name } of indexes) await tx.raw(`drop index ${name}`)
      const [names, values] = [Object.keys(columns), Object.values(columns)]
      await tx.raw(
        `insert into ${table} (${names.map((name) => `"${name}"`).join(', ')}) select ${values.join(', ')} from generate_series(1, ${rows}) as n`,
      )
      await tx.raw("set local maintenance_work_mem = '512MB'")
      for (const { definition } of indexes) await tx.raw(definition)
    })
    await db.raw(`vacuum (analyze) ${table}`)
    report(`${table}: ${rows} rows in ${((performance.now() - started) / 1000).toFixed(1)} s`)
  }
}

/** Keeps the tables out of the write-ahead log: without foreign keys, whose tables would have to go first. */
export async function unlog(db: Database): Promise<void> {
  const { rows } = await db.raw(
    `select conrelid::regclass::text as "table", conname as name from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace`,
  )
  for (const { table, name } of rows) await db.raw(`alter table ${table} drop constraint "${name}"`)
  const tables = planFillings(0).map(({ table }) => table)
  for (const table of tables) if (table !== 'rate_limits') await db.raw(`alter table ${table} set unlogged`)
}
