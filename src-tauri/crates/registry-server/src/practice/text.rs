//! The samples' texts: what a person finds who looks into an image.

pub(super) const BASE_README: &str = include_str!("texts/base.md");
pub(super) const RUNTIME_README: &str = include_str!("texts/runtime.md");
pub(super) const HELLO_README: &str = include_str!("texts/hello.md");
pub(super) const WEB_README: &str = include_str!("texts/web.md");
pub(super) const MULTI_README: &str = include_str!("texts/multi.md");
pub(super) const FILES_README: &str = include_str!("texts/files.md");
pub(super) const INDEX_HTML: &str = include_str!("texts/index.html");
pub(super) const STYLE_CSS: &str = include_str!("texts/style.css");

pub(super) const OS_RELEASE: &str = "\
NAME=\"Harbour Linux\"
ID=harbour
VERSION_ID=1
PRETTY_NAME=\"Harbour Linux 1 (practice)\"
";

pub(super) const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/:/bin/false
web:x:1000:1000:web server:/srv/web:/bin/false
nobody:x:65534:65534:nobody:/:/bin/false
";

pub(super) const GROUP: &str = "\
root:x:0:
daemon:x:1:
web:x:1000:
nogroup:x:65534:
";

pub(super) const MOTD: &str = "\
Welcome to Harbour Linux.
This line was written by the base layer.
";

pub(super) const CHANGED_MOTD: &str = "\
Welcome to Harbour Linux.
This line was written by a later layer: the base still has the old one, hidden below.
";

pub(super) const PROFILE: &str = "\
export PATH=/usr/local/bin:/usr/bin:/bin
export PS1='harbour$ '
";

pub(super) const PILOT_CONF: &str = "\
# How ships are brought in. Nothing reads this file: it is here to be found.
berths = 12
tugs = 3
night_watch = yes
";

pub(super) const BUSYBOX: &str = "\
#!/bin/false
# A placeholder. In a real image this is a program for one kind of processor; practice images hold text and
# made-up data only, so that they are the same everywhere and nothing in them can be run by accident.
# `ls`, `cat`, `echo` and `sh` beside it are symbolic links to this file, `pilot` is a hard link to it.
";

pub(super) const RUNTIME: &str = "\
#!/bin/sh
# A placeholder for a language runtime, like the `node` or the `python` of a real image.
echo \"runtime 5.1.0\"
";

pub(super) const HELLO: &str = "\
#!/bin/sh
cat /usr/share/hello/greeting.txt
";

pub(super) const MULTI: &str = "\
#!/bin/sh
# In a real image this would be machine code for {platform}, and another file for every platform.
echo \"Ahoy from {platform}\"
";

pub(super) const SERVER_CONF: &str = "\
version = {version}
listen = 0.0.0.0:8080
root = /srv/web/public
";

pub(super) const BERTHS: &str = "\
1 free
2 free
3 Ingeborg, unloading
";

pub(super) const DRAFT: &str = "\
This file is deleted by the next layer. The container does not see it, but whoever has the image can still read it:
never put a password into a layer and delete it later.
";
