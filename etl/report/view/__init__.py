"""The model as words: everything a template places, prepared in one language, numbers already text.

Templates do no arithmetic; what they need stands in these frozen objects. The same objects feed the HTML, the PDF and
the mail, so a number shown in two places is made once.
"""
