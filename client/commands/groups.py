"""Commands for groups."""

from __future__ import annotations

from typing import cast, get_args

from client.commands import listing
from client.commands.command import (
    ADMIN_ERRORS,
    GROUP,
    GROUP_ERRORS,
    YES,
    Argument,
    Arguments,
    Command,
    Context,
    Kind,
    Option,
)
from client.results.groups import GroupResult
from client.results.lists import GroupsResult, StatsResult
from common.api.groups import CreateGroupReply, JoinGroupReply, SetUploadReply, Upload
from common.errors import ErrorCode
from common.text import visible

_REQUIRED_GROUP = Argument("GROUP", Kind.GROUP)


def _create_group(context: Context, arguments: Arguments) -> CreateGroupReply:
    return context.session.groups.create(arguments.text("GROUP"), is_open="open" in arguments.flags)


def _join_group(context: Context, arguments: Arguments) -> JoinGroupReply:
    return context.session.groups.join(arguments.text("GROUP"))


def _leave_group(context: Context, arguments: Arguments) -> GroupResult:
    group = arguments.text("GROUP")

    def question() -> str:
        is_last = context.session.groups.members(group, limit=1).total == 1
        if is_last:
            return f"You are the last member of {visible(group)}. Leave and delete the group?"
        return f"Leave {visible(group)} and end your transfers in it?"

    context.require(question, arguments)
    return context.session.groups.leave(group)


def _use_group(context: Context, arguments: Arguments) -> GroupResult:
    return context.session.groups.use(arguments.text("GROUP"))


def _set_upload(context: Context, arguments: Arguments) -> SetUploadReply:
    who = cast(Upload, listing.choice(arguments.text("WHO"), get_args(Upload), "WHO"))
    return context.session.groups.set_upload(context.group(arguments), who)


def _stats(context: Context, arguments: Arguments) -> StatsResult:
    return context.session.groups.stats(
        arguments.optional("GROUP"), listing.pattern(arguments), limit=listing.limit(arguments)
    )


def _list_groups(context: Context, arguments: Arguments) -> GroupsResult:
    return context.session.groups.list(listing.pattern(arguments), limit=listing.limit(arguments))


COMMANDS = (
    Command(
        name="create_group",
        topic="groups",
        summary="create a group that you own",
        run=_create_group,
        arguments=(Argument("GROUP", Kind.NEW_NAME, help="the name of the new group"),),
        options=(Option("open", "let members use any BitTorrent client"),),
        details="You become its owner and first admin. Groups are sealed by default: members prove"
        " to each other by certificate who they are, and a removed member is cut off at once. In an"
        " open group, members can also use BitTorrent clients without certificates.",
        example="create_group lab",
        answer="Created {mode} group {group}; others ask to join with: join_group {group}",
        errors=(ErrorCode.GROUP_EXISTS,),
    ),
    Command(
        name="join_group",
        topic="groups",
        summary="ask to join a group",
        run=_join_group,
        arguments=(Argument("GROUP", Kind.ANY_GROUP),),
        details="An admin of the group accepts you with accept_request.",
        example="join_group lab",
        answer="Asked to join {group}; waiting for an admin to accept",
        errors=(ErrorCode.NO_SUCH_GROUP, ErrorCode.ALREADY_MEMBER, ErrorCode.ALREADY_REQUESTED),
    ),
    Command(
        name="leave_group",
        topic="groups",
        summary="leave a group; your transfers in it end",
        aliases=("leave",),
        run=_leave_group,
        arguments=(_REQUIRED_GROUP,),
        options=(YES,),
        details="If you are the owner, the longest-standing admin, or else member, becomes the"
        " owner. When the last member leaves, the group and its file list are deleted.",
        example="leave_group lab",
        answer="Left {group}",
        errors=GROUP_ERRORS,
    ),
    Command(
        name="use_group",
        topic="groups",
        summary="choose the default group",
        run=_use_group,
        arguments=(_REQUIRED_GROUP,),
        details="Commands with [GROUP] use it when you don't name a group. The prompt shows it. A"
        " script whose commands are carried out by a client that runs already has its own.",
        example="use_group lab",
        answer="Using {group}",
        errors=GROUP_ERRORS,
    ),
    Command(
        name="list_groups",
        topic="groups",
        summary="list all groups",
        run=_list_groups,
        arguments=(listing.PATTERN,),
        options=(listing.LIMIT,),
        details="Lists the groups on the tracker, yours first, each with its owner, the number of"
        " its members and files, its mode (sealed or open) and your role.",
        example="list_groups",
    ),
    Command(
        name="set_upload",
        topic="groups",
        summary="decide who adds files to a group (admins)",
        run=_set_upload,
        arguments=(GROUP, Argument("WHO", Kind.UPLOADERS)),
        details="With uploaders, only they and admins do; with members, everybody but readers."
        " Roles are given with set_role. What is shared already stays shared.",
        example="set_upload lab uploaders",
        answer="Files are now added to {group} by its {upload}",
        errors=ADMIN_ERRORS,
    ),
    Command(
        name="stats",
        topic="groups",
        summary="show a group's size, and who sent and received how much",
        run=_stats,
        settle=listing.settle_pattern,
        arguments=(GROUP, listing.PATTERN),
        options=(listing.LIMIT,),
        details="Counts what users' clients have told the tracker about this group's files, every"
        " half minute or so, since they became members. (left) stands for all who have left.",
        example="stats lab",
        errors=GROUP_ERRORS,
    ),
)
