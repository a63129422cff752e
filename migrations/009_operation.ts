import type { Knex } from 'knex'

/** Facts of the installation, runs of the jobs, figures of each day. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table daily_statistics, job_runs, settings')
}

const schema = `
create table settings (
  name text primary key,
  value text not null
);

create table job_runs (
  name text primary key,
  lease uuid,
  lease_until timestamptz,
  started_at timestamptz not null,
  finished_at timestamptz,
  outcome text,
  rows bigint,
  duration_ms integer,
  failures integer not null default 0,
  covered_until timestamptz
);
comment on column job_runs.lease is 'the run under way; empty when none is';
comment on column job_runs.lease_until is 'by the clock of the database; a run that died loses it then';
comment on column job_runs.finished_at is 'of the last run that told its end';
comment on column job_runs.outcome is 'done, failed, timed_out or interrupted';
comment on column job_runs.failures is 'failed runs since the last success';
comment on column job_runs.covered_until is 'start of the last run that succeeded: all that was due then is done';

create table daily_statistics (
  day date not null,
  measure text not null,
  count bigint not null,
  primary key (day, measure)
);
comment on column daily_statistics.day is 'day of Europe/Berlin';
`
