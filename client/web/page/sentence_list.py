"""Sentences of the services and the tracker that the page replaces or translates."""

from __future__ import annotations

from typing import Final

from client.web.page.translation import N_

REPLACED: Final = {
    "You are not logged in; type: login USER PASSWORD": N_("You are logged out; log in again."),
    "This session has ended; log in again with: login USER PASSWORD": N_(
        "This session has ended; log in again."
    ),
    "You are logged in as {user}; type logout first.": N_(
        "You are logged in as {user}; log out first."
    ),
    "You are already logged in as {user}; log out first with: logout": N_(
        "You are logged in as {user}; log out first."
    ),
    "Wrong user name or password. No account yet? create_user NAME": N_(
        "Wrong user name or password. No account yet? Choose “New account”."
    ),
    "There is no group {group}; see: list_groups": N_("There is no group {group}."),
    "There is no file {name} in {group}; see: list_files {rest}": N_(
        "There is no file {name} in {group}."
    ),
    "The group {group} already exists; choose another name, or ask to join with: "
    "join_group {rest}": N_(
        "The group {group} already exists; choose another name, or ask to join it."
    ),
    "You are not a member of {group}; ask to join with: join_group {rest}": N_(
        "You are not a member of {group}; ask to join it."
    ),
    "An admin removed you from {group} after this invitation; ask to join with: "
    "join_group {rest}": N_(
        "An admin removed you from {group} after this invitation; ask to join it."
    ),
    "{user} has not asked to join {group}; see: list_requests {rest}": N_(
        "{user} has not asked to join {group}, or another admin has decided."
    ),
    "{user} is the last admin of {group}; make another member admin first with: promote": N_(
        "{user} is the last admin of {group}; make another member admin first."
    ),
    "{user} owns {group}; the owner must first pass it on with: transfer_group {rest}": N_(
        "{user} owns {group}; the owner must first make someone else owner."
    ),
    "{group} has no valid invitation {id}; see: invites {rest}": N_(
        "{group} has no valid invitation {id}."
    ),
    "{group} already shares different content as {name}; choose another name with --name.": N_(
        "{group} already shares different content as {name}; rename the file first."
    ),
    "{group} already has other content called {name}; choose another name with --name{rest}.": N_(
        "{group} already shares different content as {name}; rename the file first."
    ),
    "{group} already has other content called {name}; create metainfo with another name.": N_(
        "{group} already shares different content as {name}; create a .torrent with another name."
    ),
    "You are not sharing {name} in {group}; see: show_shares": N_(
        "You are not sharing {name} in {group}."
    ),
    "No transfer {name} in {group}; list yours with: show_downloads, show_shares": N_(
        "There is no transfer {name} in {group} any more."
    ),
    "{name} is already at {path}; cancel or stop_share it to download it elsewhere.": N_(
        "{name} is already at {path}; cancel it, or stop sharing it, to download it elsewhere."
    ),
    "{name} is complete; stop_share ends sharing it.": N_(
        "{name} is complete; stop sharing it instead."
    ),
    "{name} was not made for a group; download it with another BitTorrent client, and share it "
    "with upload_file.": N_(
        "{name} was not made for a group; download it with another BitTorrent client, and share "
        "it here."
    ),
    "Lost the connection to the tracker at {tracker}; reconnecting. Transfers continue.": N_(
        "Lost the connection to the tracker at {tracker}; reconnecting. Transfers continue."
    ),
    "Type: resume {rest}": N_("Resume it."),
    "Ask to join again: join_group {rest}": N_("Ask to join again."),
    "If it was moved, type: relocate {rest}": N_("If it was moved, choose “Relocate”."),
    "To delete its partial data, type: cancel {rest}": N_("To delete its partial data, cancel it."),
    "When that is fixed, type: resume {rest}": N_("When that is fixed, resume it."),
    "Check the clock and that a tracker is connected (trackers); it is then renewed.": N_(
        "Check the clock, and in the settings that a tracker is connected; it is then renewed."
    ),
    "Wait until a tracker is connected (trackers); it is then requested automatically.": N_(
        "Wait until a tracker is connected; it is then requested automatically."
    ),
    "Check the network and that a tracker runs; type: trackers": N_(
        "Check the network and that a tracker runs; the settings list the trackers."
    ),
    "Open it in the firewall, or start with another HOST:PORT; type: doctor": N_(
        "Open it in the firewall, or choose another port; run the health checks in the settings."
    ),
    "To lift it, type: limit {rest}": N_("You can lift it here or in the settings."),
    "You missed {notices}; type: notices": N_("You missed {notices}; they are in “Notices”."),
    "You are a reader in {group}; ask an admin for: set_role {rest}": N_(
        "You are a reader in {group}: you can download, but not add files. Ask an admin for "
        "another role."
    ),
    "Only uploaders and admins add files in {group}; ask an admin for: set_role {rest}": N_(
        "Only uploaders and admins add files in {group}. Ask an admin for another role."
    ),
    "This tracker allows at most {number} files from {user} and has {used}; {rest}": N_(
        "This tracker allows at most {number} files from {user} and has {used}."
    ),
    "This tracker allows at most {number} files in {group} and has {used}; {rest}": N_(
        "This tracker allows at most {number} files in {group} and has {used}."
    ),
    "This tracker allows at most {number} members in {group} and has {used}; {rest}": N_(
        "This tracker allows at most {number} members in {group} and has {used}."
    ),
    "This tracker allows at most {limit} from {user} and has {used}, and this is {size}; "
    "{rest}": N_(
        "This tracker allows at most {limit} from {user} and has {used}, and this is {size}."
    ),
    "This tracker allows at most {limit} in {group} and has {used}, and this is {size}; {rest}": N_(
        "This tracker allows at most {limit} in {group} and has {used}, and this is {size}."
    ),
    "{user} left {group}; {owner} owns {rest} now.": N_(
        "{user} left {group}; {owner} owns it now."
    ),
    "You have no session {id}; see: sessions": N_("This session has ended already."),
}
"""Sentences with commands, and what the page says instead. `{rest}` is left out."""

TRANSLATED: Final = (
    N_("This session has ended; log in again."),
    N_("The user name {user} is taken; choose another."),
    N_("This tracker creates accounts by invitation only; ask a member for one."),
    N_("The old password is wrong."),
    N_("Too many wrong passwords; try again in {time}."),
    N_("Too many logins at the moment; try again in a minute."),
    N_("Choose a longer password: at least {number} character(s) here."),
    N_("This password is short; {number} characters or more are safer."),
    N_("Names are 1 to 64 letters, digits, dots, underscores or hyphens."),
    N_("There is no user {user}."),
    N_("Only an admin of {group} can do this; ask one of them."),
    N_("You are already a member of {group}."),
    N_("You have already asked to join {group}; wait for an admin to accept."),
    N_("{user} is not a member of {group}."),
    N_("You are no longer a member of {group}."),
    N_("This invitation is not valid; ask for a new one."),
    N_("This invitation is not valid any more; ask for a new one."),
    N_("This invitation is for the tracker at {tracker}, which is not the one you are connected "
       "to."),
    N_("The path is empty; give the path of a file."),
    N_("There is no such file: {path}."),
    N_("Access is denied; check the permissions: {path}."),
    N_("Nothing can be written to {path}; choose another destination."),
    N_("{path} is not a folder."),
    N_("{path} contains no files; add one and try again."),
    N_("Not enough space in {folder}: {what} needs {needed}, {free} free. {advice}"),
    N_("{value} is not a rate; give bytes per second, such as 500K or 2M, or 0 for no limit."),
    N_("This magnet link belongs to none of your groups. If it comes from another group, join "
       "that first."),
    N_("The connection to the tracker was lost. Check whether it was done, and try again."),
    N_("The tracker did not answer in time; try again."),
    N_("The tracker is busy; try again in a minute."),
    N_("The tracker is busy; try again in {time}."),
    N_("No tracker can be reached. Check that one runs and that its address in the tracker "
       "information file is right."),
    # notices
    N_("{user} shared {number} files in {group}."),
    N_("{user} removed {number} files from {group}."),
    N_("{user} has finished downloading {number} files of {group}."),
    N_("Connected to the tracker at {tracker}."),
    N_("{user} is logged out: {reason}"),
    N_("{user} asks to join {group}."),
    N_("{user} let you into {group}."),
    N_("{user} rejected your request to join {group}."),
    N_("{user} removed you from {group}."),
    N_("{user} left {group}."),
    N_("{user} made you {role} of {group}."),
    N_("{user} joined {group} by invitation {id} of {creator}."),
    N_("{user} removed {number} files from {group}."),
    N_("{user} has finished downloading {number} files of {group}."),
    N_("{user} shares {name} in {group}."),
    N_("{user} removed {name} from {group}."),
    N_("{user} has finished downloading {name} of {group}."),
    N_("{name} has stopped: {reason}"),
    N_("{name} is complete: {size} in {time}, {rate} from {peers}, at {path}"),
    N_("{name} is complete: {details}"),
    N_("{user} removed {name} from {group}."),
    # reasons why a transfer doesn't move, and what to do
    N_("It is paused."),
    N_("The data on disk is being hashed."),
    N_("It is waiting in the queue."),
    N_("It is waiting in the queue, {number} ahead of it."),
    N_("No tracker is connected, so nobody can be found."),
    N_("No seeder is online: no other member with this file is connected to the tracker."),
    N_("Complete and seeding; {reason} at the moment."),
    N_("nobody is downloading it"),
    N_("connected to {peers}"),
    N_("Connecting to {peers}."),
    N_("Running well, with {peers}."),
    N_("Waiting for the first bytes from {peers}."),
    N_("No peer online has {number} of the missing pieces."),
    N_("Choked by all: {peers} could send pieces, but serve others first."),
    N_("Slowed by your limit of {rate}."),
    N_("Your own port is not reachable, so nobody can connect to you."),
    N_("The disk is slow: {number} pieces are waiting to be written."),
    N_("Nothing to do."),
    N_("Wait a moment."),
    N_("Wait; it continues automatically."),
    N_("Wait; everybody gets a turn within a minute or so."),
    N_("Wait, or stop other programs that use the disk."),
    N_("Wait, pause another download, or give it a higher priority."),
    N_("Wait, or ask its owner to start their client; the download continues automatically."),
    N_("Free some space on that disk; the download then resumes automatically."),
)  # fmt: skip
