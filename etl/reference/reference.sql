-- Words as exports spell them, folded: lower case, without spaces, underscores and hyphens.
create or replace temp macro fold_word(word) as
    replace(replace(replace(lower(trim(word)), ' ', ''), '_', ''), '-', '');

create or replace temp table tls_words as
select word, tls_version
from read_csv(getvariable('tls_words_file'), header = true, all_varchar = true, delim = ',', auto_detect = false,
    columns = {'word': 'VARCHAR', 'tls_version': 'VARCHAR'});

create or replace temp table cipher_words as
select word, tls_cipher
from read_csv(getvariable('cipher_words_file'), header = true, delim = ',', auto_detect = false,
    columns = {'word': 'VARCHAR', 'tls_cipher': 'VARCHAR'});

create or replace temp table group_words as
select word, tls_group
from read_csv(getvariable('group_words_file'), header = true, delim = ',', auto_detect = false,
    columns = {'word': 'VARCHAR', 'tls_group': 'VARCHAR', 'post_quantum': 'BOOLEAN'});
