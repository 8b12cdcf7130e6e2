-- What a spreadsheet would take for a formula (first character = + - @, tab or carriage return) gets an apostrophe in
-- front, and so does what begins with one already, so that reading takes exactly one away again.
create or replace temp macro guard(cell) as
    case when regexp_matches(cell, '^[''=+\-@\t\r]') then '''' || cell else cell end;
