"""What a message in status, an Event or a log may be made of. Standard library only."""


def one_line(text: object) -> str:
    """`text` with a space in place of each character that does not print: line breaks, controls, invisible marks."""
    return "".join(each if each.isprintable() else " " for each in str(text))
