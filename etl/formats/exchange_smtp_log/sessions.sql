-- From the lines of protocol logs around one data date to the steps of sessions: commands with their answers, in order,
-- and to each MAIL command with what the session was by then. Run once for each part of the sessions, whose windows would
-- else need memory by the size of the log; what trace.sql asks for is added up in smtp_steps and smtp_mails.
-- In: protocol_files (staged records of this format), `part` of `parts` (sessions_begin.sql), `window_from` and `window_to`
-- (UTC), the tables of reference.sql.

-- A line that stands in several files, or twice in one, is the same line: its number in the session tells.
create or replace temp table smtp_lines as
select *
from read_parquet(getvariable('protocol_files'), union_by_name = true)
where connection is not null
    and connection % getvariable('parts')::ubigint = getvariable('part')::ubigint
    and occurred_at >= getvariable('window_from')::timestamp
    and occurred_at < getvariable('window_to')::timestamp
qualify row_number() over (partition by connection, sequence order by line_key) = 1;

create or replace temp table smtp_turns as
with flow as (
    select
        *,
        kind in ('mail', 'rcpt', 'data', 'bdat', 'starttls', 'hop-tls', 'hop', 'hop-out', 'hop-client', 'auth', 'quit', 'command') as is_command,
        sequence + 1 - row_number() over (partition by connection order by sequence) as missing,
        sum(case when kind = 'answer' then -1 when kind in ('begin', 'tls', 'blind', 'link', 'part-answer') or kind is null then 0 else 1 end)
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
    where kind is not null or reason = 'disconnection'
)

select
    *,
    count(*) filter (where is_command) over session as turn,
    case
        when is_command then count(*) filter (where is_command) over session
        when is_owed then count(*) filter (where is_owed) over session
    end as pair
from owed
window session as (partition by connection order by sequence rows unbounded preceding);

-- Logs that leave answers out can't be counted so: where an answer comes to a command that it can't be the answer to, or
-- commands of an ended session have none, each answer belongs to the command just before it.
create or replace temp table smtp_unordered as
with pairs as (
    select commands.connection, commands.kind, answers.answer_to, answers.connection is null as is_silent
    from (select * from smtp_turns where is_command) as commands
    left join (select * from smtp_turns where is_owed) as answers
        on answers.connection = commands.connection and answers.pair = commands.pair
),

ended as (
    select distinct connection from smtp_turns where kind = 'quit' or reason = 'disconnection'
)

select pairs.connection
from pairs
left join ended using (connection)
group by pairs.connection
having bool_or(case answer_to
        when 'data' then kind not in ('data', 'bdat')
        when 'starttls' then kind not in ('starttls', 'hop-tls')
        when 'auth' then kind not in ('auth', 'hop')
        else kind <> answer_to end)
    or (bool_or(ended.connection is not null) and count(*) filter (where is_silent) > 1);

create or replace temp table part_steps as
with answers as (
    select
        connection,
        case when smtp_unordered.connection is null then pair else turn end as pair,
        arg_min(struct_pack(code, mail, occurred_at, size), sequence) as first_answer,
        arg_max(struct_pack(code, mail, occurred_at, size), sequence) as last_answer
    from smtp_turns
    left join smtp_unordered using (connection)
    where kind = 'answer' and (is_owed or smtp_unordered.connection is not null)
    group by all
),

-- The end of data is answered last.
answered as (
    select
        steps.* exclude (code, mail, is_command, is_owed, waiting, pair, turn),
        case when kind in ('data', 'bdat') then last_answer else first_answer end as answer
    from (select * from smtp_turns where is_command or kind in ('tls', 'blind', 'link')) as steps
    left join answers on answers.connection = steps.connection and answers.pair = steps.pair
),

told as (
    select
        * exclude (answer),
        answer.code as code,
        answer.mail as mail,
        answer.occurred_at as answered_at,
        answer.size as answered_size
    from answered
),

taken as (
    select
        *,
        case
            when code is not null then code < 300
            -- Who connects can make answers miss their commands, and must not pass for one of us by that.
            when is_receiving and starts_with(kind, 'hop') then not coalesce(bool_or(kind in ('command', 'mail', 'rcpt') and code is not null)
                over (partition by connection order by sequence rows unbounded preceding), false)
            else true
        end as is_taken
    from told
)

select
    * replace (coalesce(is_receiving, last_value(is_receiving ignore nulls) over session) as is_receiving),
    count(*) filter (where kind = 'mail' and is_taken) over session as mail_number,
    last_value(version_word ignore nulls) over session as session_version,
    last_value(cipher_word ignore nulls) over session as session_cipher,
    coalesce(bool_or(kind in ('starttls', 'hop-tls') and coalesce(code, 220) < 300) over session, false) as has_starttls,
    -- Anybody may say a hop's command. X-ANONYMOUSTLS is open to all, so it says nothing where X-EXPS behind it was refused.
    coalesce(bool_or(starts_with(kind, 'hop') and kind <> 'hop-tls' and is_taken) over session, false)
        or (coalesce(bool_or(kind = 'hop-tls' and is_taken) over session, false)
            and not coalesce(bool_or(kind = 'hop' and not is_taken) over session, false)) as is_hop,
    coalesce(bool_or(kind = case when is_receiving then 'hop-client' else 'hop-out' end and is_taken) over session, false) as is_proxied,
    coalesce(bool_or(kind = 'auth' and code = 235) over session, false) as is_authenticated,
    last_value(case when starts_with(kind, 'hop') and is_taken then named_sessions[1] end ignore nulls) over session
        as frontend_session
from taken
window session as (partition by connection order by sequence rows unbounded preceding);

-- TLS is said before MAIL. Without that line there was none, if at most two lines of the session are not there: what
-- makes a session encrypted takes more.
create or replace temp table part_mails as
select
    kind,
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
        when place = 'internal' then 'internal'
        when is_proxied then case when is_receiving then 'submission' else 'outbound' end
        when is_hop then 'internal'
        when is_receiving and is_authenticated then 'submission'
        when is_own_peer then 'internal'
        when is_receiving then 'inbound'
        else 'outbound'
    end as direction,
    is_proxied,
    case
        when session_version is not null then coalesce(tls_words.tls_version, 'TLS unknown')
        when has_starttls then 'TLS unknown'
        when missing <= 2 then 'No TLS'
        else 'Unknown'
    end as tls_version,
    coalesce(cipher_words.tls_cipher, 'Unknown') as tls_cipher
from part_steps
left join tls_words on tls_words.word = fold_word(session_version)
left join cipher_words on cipher_words.word = fold_word(session_cipher)
where (kind = 'mail' and is_taken) or kind = 'blind';

create temp table if not exists smtp_mails as
select * exclude (kind)
from part_mails
limit 0;

insert into smtp_mails
select * exclude (kind)
from part_mails
where kind = 'mail';

-- Sessions handed on to a server behind, or before: what is said in them from then on stands in another log.
create temp table if not exists smtp_handed_on as
select session, is_receiving, tls_version, tls_cipher
from part_mails
limit 0;

insert into smtp_handed_on
select session, is_receiving, tls_version, tls_cipher
from part_mails
where kind = 'blind';

-- Which session names which other one.
create temp table if not exists smtp_links (session ubigint, other ubigint);

insert into smtp_links
select distinct session, unnest(named_sessions)
from part_steps
where named_sessions is not null;

create temp table if not exists smtp_steps as
from part_steps limit 0;

insert into smtp_steps
from part_steps
where kind in ('rcpt', 'data', 'bdat');
