-- From the lines of protocol logs around one data date to the steps of sessions: commands with their answers, in order,
-- and to each MAIL command with what the session was by then. In: protocol_files (staged records of this format),
-- `window_from` and `window_to` (UTC), the tables of reference.sql.

-- A line that stands in several files, or twice in one, is the same line: its number in the session tells.
create or replace temp table smtp_lines as
select *
from read_parquet(getvariable('protocol_files'), union_by_name = true)
where connection is not null
    and occurred_at >= getvariable('window_from')::timestamp
    and occurred_at < getvariable('window_to')::timestamp
qualify row_number() over (partition by connection, sequence order by line_key) = 1;

create or replace temp table smtp_steps as
with flow as (
    select
        *,
        kind in ('mail', 'rcpt', 'data', 'bdat', 'starttls', 'hop-tls', 'hop', 'auth', 'command') as is_command,
        sequence + 1 - row_number() over (partition by connection order by sequence) as missing,
        sum(case when kind in ('answer') then -1 when kind in ('begin', 'tls', 'part-answer') or kind is null then 0 else 1 end)
            over (partition by connection order by sequence) as waiting
    from smtp_lines
),

-- The n-th command has the n-th answer, but for answers when none is waited for, such as the greeting.
owed as (
    select
        *,
        kind = 'answer' and waiting >= least(0, coalesce(min(waiting) over (
            partition by connection order by sequence rows between unbounded preceding and 1 preceding), 0)) as is_owed
    from flow
    where kind is not null
),

paired as (
    select
        *,
        case
            when is_command then count(*) filter (where is_command) over session
            when is_owed then count(*) filter (where is_owed) over session
        end as pair
    from owed
    window session as (partition by connection order by sequence rows unbounded preceding)
),

answered as (
    select
        steps.* exclude (code, mail, is_command, is_owed, waiting, pair),
        answers.code,
        answers.mail,
        answers.occurred_at as answered_at,
        answers.size as answered_size
    from (select * from paired where is_command or kind = 'tls') as steps
    left join (select * from paired where is_owed) as answers
        on answers.connection = steps.connection and answers.pair = steps.pair
)

select
    *,
    count(*) filter (where kind = 'mail' and coalesce(code, 250) < 300) over session as mail_number,
    last_value(version_word ignore nulls) over session as session_version,
    last_value(cipher_word ignore nulls) over session as session_cipher,
    coalesce(bool_or(kind in ('starttls', 'hop-tls') and coalesce(code, 220) < 300) over session, false) as has_starttls,
    coalesce(bool_or(kind in ('hop-tls', 'hop')) over session, false) as is_hop,
    coalesce(bool_or(kind = 'auth' and code = 235) over session, false) as is_authenticated,
    last_value(proxied_session ignore nulls) over session as frontend_session
from answered
window session as (partition by connection order by sequence rows unbounded preceding);

-- TLS is said before MAIL. Without that line there was none, if at most two lines of the session are not there: what
-- makes a session encrypted takes more.
create or replace temp table smtp_mails as
select
    connection,
    session,
    frontend_session,
    mail_number,
    sequence,
    occurred_at,
    is_receiving,
    service,
    partner_domain,
    size,
    case
        when place = 'internal' or is_hop then 'internal'
        when is_receiving and is_authenticated then 'submission'
        when is_own_peer then 'internal'
        when is_receiving then 'inbound'
        else 'outbound'
    end as direction,
    case
        when session_version is not null then coalesce(tls_words.tls_version, 'TLS unknown')
        when has_starttls then 'TLS unknown'
        when missing <= 2 then 'No TLS'
        else 'Unknown'
    end as tls_version,
    coalesce(cipher_words.tls_cipher, 'Unknown') as tls_cipher
from smtp_steps
left join tls_words on tls_words.word = fold_word(session_version)
left join cipher_words on cipher_words.word = fold_word(session_cipher)
where kind = 'mail' and coalesce(code, 250) < 300;
