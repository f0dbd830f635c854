"""An operator whose child names differ from process to process: what a kill makes it forget, it creates again."""

import secrets

from qee.app import main
from qee.core import naming

TOKEN = secrets.token_hex(2)
child_name = naming.child_name
naming.child_name = lambda job, uid, attempt: f"{child_name(job, uid, attempt)}-{TOKEN}"

if __name__ == "__main__":
    main()
