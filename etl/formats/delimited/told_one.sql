-- Each record tells of one recipient.
create or replace temp view told as
select *, recipient as told_recipient, 1 as ordinal, false as repeats_partner from records;
