"""Hooks of mkdocs: the documents outside docs/ become pages, and links lead to pages, or are dropped.

The same links work where the repository is read as files. What is no document (a test, a module) has no page: its link
becomes plain text. That it exists is checked by tests/unit/project/test_docs.py.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

CHECKOUT = Path(__file__).resolve().parents[1]
# Path in the repository -> path in the site.
OUTSIDE = {
    "README.md": "index.md",
    **{name: name for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "charts/qee/README.md")},
    "examples/overlays/README.md": "examples/overlays/README.md",
}
LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<path>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)")
CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for source, uri in OUTSIDE.items():
        files.append(File.generated(config, uri, abs_src_path=str(CHECKOUT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    uri = page.file.src_uri
    here = {page_uri: source for source, page_uri in OUTSIDE.items()}.get(uri, f"docs/{uri}")

    def led(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(here), link["path"]))
        for candidate in (target, f"{target}/README.md"):
            known = OUTSIDE.get(candidate, candidate.removeprefix("docs/"))
            if files.get_file_from_path(known):
                to = posixpath.relpath(known, posixpath.dirname(uri) or ".")
                return f"{link['image']}[{link['text']}]({to}{link['anchor'] or ''})"
        return link["text"]

    whole, at = [], 0
    for block in CODE.finditer(markdown):
        whole += [LINK.sub(led, markdown[at : block.start()]), block[0]]
        at = block.end()
    return "".join([*whole, LINK.sub(led, markdown[at:])])
