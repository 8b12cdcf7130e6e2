-- What is said of all messages of one data date, and into how many parts trace.sql takes them; nothing of an earlier day
-- in what it adds to. In: the view log_lines (log_window.sql), staged_files, lines_at_once, logs_tls.
drop table if exists exim_trace;

set variable parts = (
    select greatest(1, ceil(count(*) / getvariable('lines_at_once')))::bigint from read_parquet(getvariable('staged_files'))
);

-- Whether silence about TLS means that there was none: X= is logged by default (`log_selector`, tls_cipher), so it does
-- where any line of the date has it (or a delivery CV=), or where the settings say so.
set variable silence_speaks = (
    select case when getvariable('logs_tls') in ('true', 'false') then getvariable('logs_tls') = 'true'
        else count(*) > 0 end
    from log_lines
    where is_today and (version_word <> '' or (kind = 'delivery' and has_starttls))
);
