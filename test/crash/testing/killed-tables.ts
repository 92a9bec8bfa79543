/** Some megabytes in PostgreSQL, for commands that are killed while they read or write them. */
export const KILLED_TABLES = `
  create table customer (id int primary key, name text not null, iban text unique);
  create table address (customer_id int references customer, kind text, city text,
    primary key (customer_id, kind));
  create table log (at date, said text);
  insert into customer select i, 'Müller ' || md5(i::text), 'DE' || i from generate_series(1, 20000) i;
  insert into address select id, 'billing', md5(name) from customer;
  insert into log select '2026-06-30', md5((i % 3000)::text) from generate_series(1, 5000) i`
