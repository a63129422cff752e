import type { Knex } from 'knex'

/** The membership register, filled by import only (mission.md, "Membership register"). */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(schema)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('drop table member_import_leases, member_import_leavers, member_import_rows, insured_persons')
}

const schema = `
create table insured_persons (
  id uuid primary key,
  insurance_number_hash text not null constraint insured_persons_insurance_number_hash_unique unique,
  insurance_number text not null,
  insurer_number text not null,
  given_name text not null,
  family_name text not null,
  birth_date text not null,
  address text not null,
  coverage_from date not null,
  coverage_to date,
  guardian_consent_required boolean not null default false,
  deceased_on date,
  large_print boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  record_fingerprint text,
  fingerprinted_at timestamptz
);
comment on column insured_persons.insurance_number is 'encrypted';
comment on column insured_persons.given_name is 'encrypted';
comment on column insured_persons.family_name is 'encrypted';
comment on column insured_persons.birth_date is 'encrypted';
comment on column insured_persons.address is 'encrypted JSON';
comment on column insured_persons.record_fingerprint is 'keyed hash of the whole record';
comment on column insured_persons.fingerprinted_at is 'updated_at of the record that it was made of; else it is void';
create index insured_persons_over on insured_persons (least(deceased_on, coverage_to), id) where deceased_on is not null or coverage_to is not null;

create unlogged table member_import_rows (
  line integer not null,
  slot smallint not null,
  insurance_number_hash text not null,
  fingerprints text[] not null,
  primary key (line, slot)
);

create table member_import_leavers (
  person_id uuid primary key,
  updated_at timestamptz not null
);
comment on column member_import_leavers.updated_at is 'of the person, when found missing';

create table member_import_leases (
  name text primary key,
  import_id uuid not null,
  started_at timestamptz not null,
  busy_until timestamptz not null
);
comment on column member_import_leases.name is 'always "register": one import at a time';
comment on column member_import_leases.busy_until is 'renewed with every batch; from then on another may begin';
`
