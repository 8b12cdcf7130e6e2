-- No protocol log is joined: no session is known.
create or replace temp table told_sessions (
    session ubigint, service varchar, is_receiving boolean, direction varchar, tls_version varchar, tls_cipher varchar
);
