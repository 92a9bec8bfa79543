/**
 * Tables that hold what is hard to carry: every family of PostgreSQL's core types at its limits, and
 * tables of odd shapes. Each has a schema of its own, first in the search path.
 */
export type TypeFamily = {
  readonly name: string
  /** Statements that make types, tables and rows. */
  readonly sql: readonly string[]
  /** First major that has what it needs. */
  readonly sinceMajor?: number
}

export const TYPE_FAMILIES: readonly TypeFamily[] = [
  {
    name: 'integers',
    sql: [
      'create table t (id int8 primary key, a int2, b int4, c int8, o oid, p pg_lsn, x xid, r regclass)',
      `insert into t values
        (-9223372036854775808, -32768, -2147483648, -9223372036854775808, 0, '0/0', '0', 'pg_class'),
        (9223372036854775807, 32767, 2147483647, 9223372036854775807, 4294967295,
          'FFFFFFFF/FFFFFFFF', '4294967295', 't'),
        (9007199254740993, null, null, 9007199254740993, null, null, null, null), (0, 0, 0, 0, 1, '16/B374D848', '3', null)`,
    ],
  },
  {
    name: 'numerics',
    sql: [
      'create table t (id numeric primary key, a numeric(38,10), b numeric, c numeric(15,2))',
      `insert into t values (1.10, 1234567890123456789012345678.0123456789, 'NaN', -0.01),
        (-5, -9999999999999999999999999999.9999999999, 1e-300, null), (100000000000000000000000, 0, 1e300, 0),
        ('NaN', null, 0.000000000000000000000000000000000000000000000001, 9999999999999.99)`,
    ],
  },
  {
    name: 'numeric infinities and negative scales',
    sinceMajor: 15,
    sql: [
      'create table t (id int primary key, a numeric, b numeric(3,-2), c numeric(2,4))',
      "insert into t values (1, 'Infinity', 12345, 0.0012), (2, '-Infinity', -99900, -0.0099)",
    ],
  },
  {
    name: 'floats',
    sql: [
      'create table t (id float8 primary key, a float4)',
      `insert into t values (0.30000000000000004, 0.1), ('-0', '-0'), ('NaN', 'NaN'),
        ('Infinity', '-Infinity'), (5e-324, 1e-45), (1.7976931348623157e308, 3.4028235e38), (1e15, 16777217)`,
    ],
  },
  {
    name: 'times',
    sql: [
      `create table t (id timestamptz primary key, a timestamp, b date, c time, d timetz, e timestamp(2),
        f interval, g interval hour to minute, h interval(2))`,
      `insert into t values
        ('2026-02-28 23:59:59.999999+05:30', '0044-03-15 12:00:00.000001 BC', '4713-01-01 BC', '24:00:00',
          '12:34:56.123456-15:59', '2020-01-01 00:00:00.99', '1 year -2 mons +3 days -04:05:06.000007',
          '-26:30', '0.99 sec'),
        ('infinity', '-infinity', 'infinity', '00:00', '00:00+00', null, '178000000 years', '0', '0'),
        ('4713-01-01 00:00:00+00 BC', '294276-12-31 23:59:59.999999', '5874897-12-31', '23:59:59.999999',
          '23:59:59.999999+15:59', null, '-178000000 years', null, null),
        ('-infinity', 'infinity', '-infinity', null, null, null, '-1 days +23:59:59.999999', null, null)`,
    ],
  },
  {
    name: 'infinite intervals',
    sinceMajor: 17,
    sql: [
      'create table t (id int primary key, a interval)',
      "insert into t values (1, 'infinity'), (2, '-infinity')",
    ],
  },
  {
    name: 'texts',
    sql: [
      'create table t (id text primary key, a varchar(5), b char(5), c "char", d name, e text collate "C")',
      `insert into t values ('', '', '', '', '', ''), (' ', ' a ', ' a', ' ', ' ', ' '),
        (E'tab\\tline\\nreturn\\rback\\\\slash\\bb\\ff\\vv', E'\\\\N', 'ab', 'x', 'n', E'\\\\.'),
        ('\\N', '\\x', null, null, null, null), ('äöü €', 'a', 'ä', 'b', 'ü', '日本語'),
        ('😀 ' || chr(1) || chr(127) || chr(160) || chr(8232) || chr(65279), null, null, null, null, repeat('x', 3000)),
        ('\\.', null, null, null, null, repeat('é', 100000)), ('null', 'NULL', 'null', null, 'null', 'null')`,
    ],
  },
  {
    name: 'text keys under a linguistic collation',
    sql: [
      'create table t (k text collate "und-x-icu" primary key, n int)',
      `insert into t select x, ord from unnest(array['a','B','b','A','ä','z','Z','_','-','a b','ab','a-b','É','e',
        '10','9','', ' ', '~', 'ß', 'ss']) with ordinality u(x, ord)`,
    ],
  },
  {
    name: 'keys under a collation that ignores case',
    sql: [
      `create collation "ignore case" (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
      'create table t (k text collate "ignore case" primary key, v text)',
      `insert into t values ('a', 'A'), ('B', 'b'), ('ç', 'c'), ('É', 'e')`,
    ],
  },
  {
    name: 'composite keys of all encodings',
    sql: [
      'create domain code as varchar(9) check (length(value) > 0)',
      'create table t (a uuid, b bytea, c code, d int2, e char(4), f timestamptz, v text, primary key (c, a, b, d, e, f))',
      `insert into t select ('00000000-0000-4000-8000-' || lpad(to_hex(i * 7919 % 97), 12, '0'))::uuid,
        decode(lpad(to_hex(i % 5), 2, '0') || case when i % 3 = 0 then '00' else 'ff' end, 'hex'),
        (array['b','B','a','ab','a b'])[1 + i % 5], (i % 7) - 3, (array['a','ab', E'a\\tb', 'é'])[1 + i % 4],
        '2026-01-01 00:00:00+00'::timestamptz + i * interval '1.000001 s', 'v' || i
        from generate_series(1, 500) i`,
    ],
  },
  {
    name: 'a unique not-null index instead of a primary key',
    sql: [
      'create table t (a int not null, b text not null, c int not null, d int)',
      'create unique index b_then_a on t (b, a)',
      'create unique index c_partly on t (c) where d > 47',
      'create unique index nullable on t (d)',
      "insert into t select i, 'b' || i % 3, i % 4, i from generate_series(1, 50) i",
    ],
  },
  {
    name: 'no key, with duplicates and nulls',
    sql: [
      'create table t (a int, b text, c json)',
      `insert into t select null, null, null from generate_series(1, 4)`,
      `insert into t select 1, 'x', '{"a":1}' from generate_series(1, 3)`,
      `insert into t values (1, 'x', '{"a": 1}'), (null, '', null)`,
    ],
  },
  {
    name: 'json',
    sql: [
      'create table t (id int primary key, a json, b jsonb, c jsonpath)',
      `insert into t values (1, E'{"b": 1.10,\\n "b" : 12345678901234567890.123456789, "a":"\\\\u00e9\\\\n"}',
        '{"b": 1.10, "a": [null, true, 1e400, "\\t\\"\\\\"]}', '$."a"[*] ? (@ > 1)'),
        (2, 'null', 'null', null), (3, null, null, null), (4, '"x"', '-0.00', '$')`,
    ],
  },
  {
    name: 'bytes and bits',
    sql: [
      'create table t (id bytea primary key, a bit(9), b bit varying, c bit varying(5))',
      `insert into t values ('', B'101010101', B'', B'1'), ('\\x00', B'000000000', B'1', null),
        ('\\x0000ff', null, null, null), ('\\x00ff', null, repeat('10', 500)::bit varying, null), ('\\xff5c4e0a09', null, null, null)`,
    ],
  },
  {
    name: 'networks',
    sql: [
      'create table t (id inet primary key, a cidr, b macaddr, c macaddr8)',
      `insert into t values ('10.1.2.3', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05'),
        ('10.1.2.3/8', '::/0', null, null), ('::ffff:1.2.3.4/128', '2001:db8::/32', null, null), ('fe80::1', null, null, null)`,
    ],
  },
  {
    name: 'geometry',
    sql: [
      'create table t (id int primary key, a point, b line, c lseg, d box, e path, f path, g polygon, h circle)',
      `insert into t values (1, '(0.30000000000000004,-0)', '{1,2,3.5}', '[(1,2),(3,4)]', '((1,2),(3,4))',
        '[(1,2),(3,4),(5e-324,1e300)]', '((1,2),(3,4))', '((0,0),(1,1),(1,0))', '<(1.5,2.5),3>'),
        (2, '(NaN,Infinity)', null, null, null, null, null, null, null)`,
    ],
  },
  {
    name: 'text search',
    sql: [
      'create table t (id int primary key, a tsvector, b tsquery)',
      `insert into t values (1, $$'it''s':1A,2B 'back\\\\slash':3 ' sp ace ':4$$, $$'a' & !'b':*A | ('c' <-> 'd') <3> 'e'$$),
        (2, '', ''), (3, null, null)`,
    ],
  },
  {
    name: 'xml',
    sql: [
      'create table t (id int primary key, a xml)',
      `insert into t values (1, '<a b="c">text &amp; more<!-- x --></a>'), (2, 'no element'), (3, '<a/><b/>'),
        (4, xmlparse(document '<?xml version="1.0"?><!DOCTYPE a><a/>')), (5, null)`,
    ],
  },
  {
    name: 'money',
    sql: [
      'create table t (id money primary key, a money)',
      'insert into t values (92233720368547758.07, -92233720368547758.08), (-1.50, null), (0, 1000)',
    ],
  },
  {
    name: 'enums, domains and composites',
    sql: [
      `create type "Mood State" as enum ('sad', 'it''s ok', 'ha,ppy', 'very happy')`,
      `create domain "positive int" as int not null default 1 constraint "is > 0" check (value > 0)`,
      'create domain tag as text collate "C"',
      `create type pair as (a int, "b c" text, m "Mood State", d tag)`,
      'create type nest as (p pair, ps pair[])',
      'create domain nests as nest[]',
      `create table t (id "Mood State" primary key, a "Mood State"[], b "positive int", c pair, d pair[], e nest, f nests,
        g "positive int"[])`,
      `insert into t values ('very happy', '{"ha,ppy",NULL,sad}', 5, row(1, 'x,"y"\\', 'it''s ok', null),
        array[row(null, '', null, 'q')::pair, null], row(row(1, null, null, null), array[row(2, '()', 'sad', '{}')::pair])::nest,
        array[row(null, null)::nest], '{3,4}'), ('sad', '{}', 1, null, '{}', null, null, null)`,
    ],
  },
  {
    name: 'arrays',
    sql: [
      'create table t (id int[] primary key, a text[], b int[][], c timestamptz[], d bytea[], e numeric(5,2)[], f uuid[], g box[])',
      String.raw`insert into t values
        ('{1,2}', '{NULL,"NULL","",a b,"\"","\\"}', '{{1,2},{3,4}}', '{infinity,"2020-01-01 00:00+00"}',
          '{"\\x00ff"}', '{NaN,1.50}', '{00000000-0000-0000-0000-000000000000}', '{(1,1),(0,0);(2,2),(1,1)}'),
        ('[-1:1]={7,8,9}', '[0:0][5:6]={{a,b}}', '{}', null, null, null, null, null),
        ('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')`,
    ],
  },
  {
    name: 'ranges',
    sql: [
      'create type float_range as range (subtype = float8, subtype_diff = float8mi)',
      'create type "text range" as range (subtype = text, collation = "C")',
      'create table t (id int4range primary key, a numrange, b tstzrange, c daterange, d float_range, e "text range", f int8range[])',
      `insert into t values ('[1,5)', '(,1.50]', '[2020-01-01 00:00+00,infinity)', 'empty', '[1.1,2.2]', '["(","a,b")', '{"[1,3)",empty}'),
        ('empty', '(,)', '(,)', '[4713-01-01 BC,)', '(NaN,)', '[,"")', '{}'), ('(,)', null, null, null, null, null, null)`,
    ],
  },
  {
    name: 'multiranges',
    sinceMajor: 14,
    sql: [
      `create type "odd range" as range (subtype = int8, multirange_type_name = "odd multi")`,
      'create table t (id int4multirange primary key, a nummultirange, b "odd multi", c tstzmultirange[])',
      `insert into t values ('{[1,3),[5,7)}', '{(,1.5],[2.50,)}', '{[1,2],[10,11]}', '{"{[2020-01-01 00:00+00,)}"}'),
        ('{}', '{}', '{}', '{}'), ('{(,)}', null, null, null)`,
    ],
  },
  {
    name: 'extension types',
    sql: [
      'create schema ext',
      'create extension hstore with schema ext',
      'create table t (id int primary key, h ext.hstore, hs ext.hstore[])',
      `insert into t values (1, 'a=>1, "b c"=>NULL, "q\\"\\\\"=>"=>"', array['x=>y'::ext.hstore]), (2, '', '{}')`,
    ],
  },
  {
    name: 'identity, serial, generated and defaults',
    sql: [
      'create sequence "free seq" as smallint increment by -3 start with -1 minvalue -100 maxvalue -1 cache 5 cycle',
      'create sequence never_used start 77',
      `create table t (id int generated always as identity (start 10 increment 5) primary key, s bigserial,
        d int generated by default as identity, g text generated always as ('x' || v) stored,
        v text default 'dé''f' not null, n int default nextval('"free seq"'), w timestamptz default now(), e int)`,
      "insert into t (v) values ('a'), ('b'), ('c')",
      'alter table t drop column e',
      `alter table t add column late int default 42, add column later text not null default E'tab\\there',
        add column latest numeric(5,2)`,
      "insert into t (v, late) values ('d', null)",
      "select setval('never_used', 99, false)",
    ],
  },
  {
    name: 'virtual generated columns and named not-null constraints',
    sinceMajor: 18,
    sql: [
      `create table t (id int constraint "must be" not null, v int generated always as (id * 2) virtual,
        w int not null no inherit, primary key (id))`,
      'insert into t (id, w) values (1, 1), (2, 2)',
      'alter table t add column maybe int',
      'alter table t add constraint later not null maybe not valid',
      'create table temporal (id int4range, during tsrange, primary key (id, during without overlaps))',
      "insert into temporal values ('[1,2)', '[2020-01-01,2021-01-01)'), ('[1,2)', '[2021-01-01,2022-01-01)')",
    ],
  },
  {
    name: 'partitions',
    sql: [
      'create table t (id int, region text, at date not null, v text, primary key (id, region, at)) partition by list (region)',
      `create table t_eu partition of t for values in ('de', 'fr') partition by range (at)`,
      `create table t_eu_old partition of t_eu for values from (minvalue) to ('2025-01-01')`,
      `create table "t eu new" partition of t_eu for values from ('2025-01-01') to (maxvalue) with (fillfactor = 70)`,
      'create table elsewhere (region text not null, v text, id int not null, at date not null)',
      'alter table t attach partition elsewhere default',
      'create index on t (v)',
      'create unique index own_one on elsewhere (id)',
      'alter table t add constraint "at > 2000" check (at > date \'2000-01-01\')',
      `alter table elsewhere add constraint here check (region <> 'xx')`,
      'create table hashed (k int primary key) partition by hash (k)',
      'create table hashed_0 partition of hashed for values with (modulus 2, remainder 0)',
      'create table hashed_1 partition of hashed for values with (modulus 2, remainder 1)',
      'create table empty_root (k int) partition by range (k)',
      'alter table t add foreign key (id) references hashed',
      'insert into hashed select generate_series(1, 40)',
      `insert into t select i, (array['de','fr','us','jp'])[1 + i % 4], date '2024-06-01' + i * 20, 'v' || i from generate_series(1, 40) i`,
    ],
  },
  {
    name: 'inheritance',
    sql: [
      "create table t (id int primary key, a text not null default 'p', check (id > 0))",
      "create table child (b int, a text default 'c', check (b < 100)) inherits (t)",
      'create table other (z int)',
      'create table grandchild (c int unique) inherits (child, other)',
      "insert into t values (1, 'parent'), (2, 'same')",
      "insert into child values (2, 'same', 3), (5, 'child', null)",
      'insert into grandchild (id, z, c) values (9, 8, 7)',
    ],
  },
  {
    name: 'constraints, indexes and settings',
    sql: [
      'create schema "Odd ""Schema"',
      `create table "Odd ""Schema"."T" (id int primary key, "a b" text unique deferrable initially deferred,
        c int constraint "c > 0" check (c > 0) no inherit, d tsrange, e point, exclude using gist (d with &&))`,
      `create table t (id int primary key, o int references "Odd ""Schema"."T" on delete cascade on update set null,
        p int, q int, unique (p, q), r text, s text) with (fillfactor = 50, autovacuum_enabled = false)`,
      'create table u (id int primary key, p int, q int, t int, self int references u deferrable, foreign key (p, q) references t (p, q) match full)',
      'alter table t add foreign key (id) references u (id) deferrable initially deferred',
      'alter table u add constraint loose foreign key (t) references t not valid',
      'create index "by lower" on t (lower(s) desc nulls last, p) include (q) where p > 0',
      'create index on t using hash (s)',
      'create unlogged table unlogged_one (a int)',
      'alter table t alter column r set storage external',
      'alter table t replica identity full',
      'alter table u cluster on u_pkey',
      'alter table t alter column s set statistics 500, alter column p set (n_distinct = 5)',
      'alter table t set (toast.autovacuum_enabled = false)',
      `insert into "Odd ""Schema"."T" values (1, 'x', 1, '[2020-01-01,2020-01-02)', '(1,2)'), (2, null, null, null, null)`,
      'begin; insert into t values (1, 1, 1, 1), (2, 2, null, 5), (3, null, 3, 3); insert into u values (1, 1, 1, 1, 2), (2, null, null, 2, 1), (3, 3, 3, 3, 3); commit',
    ],
  },
  {
    name: 'names',
    sql: [
      'create table "select" ("from" int primary key, "Ünïcode 😀" text, "with "" quote" text, "a.b" int, "tab\there" int, "back\\slash" int, " " int)',
      `insert into "select" values (1, 'a', 'b', 2, 3, 4, 5)`,
      'create table "Ünïcode.😀 ""T""" (id int primary key references "select")',
      'insert into "Ünïcode.😀 ""T""" values (1)',
    ],
  },
  {
    name: 'no rows and no columns',
    sql: [
      'create table t (id int primary key, a text)',
      'create table nothing ()',
      'create table no_columns ()',
      'insert into no_columns default values',
      'insert into no_columns default values',
      'create table only_generated (a int generated always as (1) stored)',
      'insert into only_generated default values',
    ],
  },
  {
    name: '1600 columns',
    sql: [
      `create table t (${Array.from({ length: 1600 }, (_, i) => `c${i} int2`).join(', ')})`,
      `insert into t select ${Array.from({ length: 1600 }, (_, i) => (i % 3 === 0 ? 'null' : `i + ${i}`)).join(', ')} from generate_series(1, 3) i`,
    ],
  },
]
