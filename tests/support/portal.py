#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desktop's portal, as strict as its published interface: org.freedesktop.portal.Notification of the version that the
first argument names, and OpenURI.OpenFile. It tells on standard output, one JSON object a line, what it is asked for, and
presses buttons when told to on standard input. With a second argument "unable" there is nothing to open a file with.
"""

import json
import os
import stat
import sys
import threading

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

NAME, PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
XML = """<node><interface name="org.freedesktop.portal.Notification">
<method name="AddNotification"><arg type="s" direction="in"/><arg type="a{sv}" direction="in"/></method>
<method name="RemoveNotification"><arg type="s" direction="in"/></method>
<signal name="ActionInvoked"><arg type="s"/><arg type="s"/><arg type="av"/></signal>
<property name="version" type="u" access="read"/>
</interface><interface name="org.freedesktop.portal.OpenURI">
<method name="OpenFile"><arg type="s" direction="in"/><arg type="h" direction="in"/><arg type="a{sv}" direction="in"/>
 <arg type="o" direction="out"/></method>
<property name="version" type="u" access="read"/>
</interface></node>"""
# key: its type, and the version that brought it
KEYS = {"title": ("s", 1), "body": ("s", 1), "icon": (None, 1), "priority": ("s", 1), "default-action": ("s", 1),
        "default-action-target": (None, 1), "buttons": ("aa{sv}", 1), "markup-body": ("s", 2), "sound": (None, 2),
        "display-hint": ("as", 2), "category": ("s", 2)}
BUTTON = {"label": "s", "action": "s", "target": None, "purpose": "s"}
HINTS = {"transient", "tray", "persistent", "hide-on-lock-screen", "hide-content-on-lock-screen", "show-as-new"}
PRIORITIES = {"low", "normal", "high", "urgent"}


class Refused(Exception):
    pass


def need(right, why):
    if not right:
        raise Refused(why)


class Portal:
    def __init__(self, version, able):
        self.version, self.able = version, able
        self.shown = {}

    def say(self, what, **fields):
        print(json.dumps(dict(fields, what=what), ensure_ascii=False), flush=True)

    def call(self, connection, sender, path, interface, method, arguments, invocation):
        try:
            invocation.return_value(getattr(self, method)(sender, arguments, invocation))
        except Refused as refusal:
            self.say("refused", why=str(refusal))
            invocation.return_dbus_error("org.freedesktop.portal.Error.InvalidArgument", str(refusal))

    def get(self, connection, sender, path, interface, name):
        return GLib.Variant("u", self.version if interface.endswith("Notification") else 4)

    def AddNotification(self, sender, arguments, invocation):
        notification = arguments.get_child_value(1)
        facts = {}
        for i in range(notification.n_children()):
            entry = notification.get_child_value(i)
            key, value = entry.get_child_value(0).get_string(), entry.get_child_value(1).get_variant()
            # what a version does not know it drops; Koban is to send nothing that is dropped
            need(key in KEYS and KEYS[key][1] <= self.version, "%s is no key of version %d" % (key, self.version))
            need(KEYS[key][0] in (None, value.get_type_string()), "%s is of type %s" % (key, value.get_type_string()))
            facts[key] = value.unpack()
        need(facts.get("priority", "normal") in PRIORITIES, "%s is no priority" % facts.get("priority"))
        need(set(facts.get("display-hint", [])) <= HINTS, "no such display-hint")
        need(facts.get("category", "x-").startswith("x-"), "not a category")
        need(facts.get("sound", "silent") in ("silent", "default"), "not a sound")
        for button in facts.get("buttons", []):
            need({"label", "action"} <= set(button) <= set(BUTTON), "a button lacks what it must have")
        number = arguments.get_child_value(0).get_string()
        self.shown[number] = sender
        self.say("add", id=number, **facts)
        return None

    def RemoveNotification(self, sender, arguments, invocation):
        number, = arguments.unpack()
        self.shown.pop(number, None)
        self.say("remove", id=number)

    def OpenFile(self, sender, arguments, invocation):
        _, index, options = arguments.unpack()
        fds = invocation.get_message().get_unix_fd_list()
        need(fds is not None, "no file")
        fd = fds.get(index)
        status = os.fstat(fd)
        need(stat.S_ISREG(status.st_mode), "not a plain file")
        with os.fdopen(fd, encoding="utf-8") as page:
            self.say("open", text=page.read(), mode=stat.S_IMODE(status.st_mode), options=options,
                     path=os.readlink("/proc/self/fd/%d" % page.fileno()))
        handle = "%s/request/%s/%s" % (PATH, sender[1:].replace(".", "_"), options.get("handle_token", "t"))
        GLib.idle_add(self.respond, sender, handle)
        return GLib.Variant("(o)", (handle,))

    def respond(self, sender, handle):
        self.connection.emit_signal(sender, handle, "org.freedesktop.portal.Request", "Response",
                                    GLib.Variant("(ua{sv})", (0 if self.able else 2, {})))

    def obey(self, command):
        sender = self.shown.get(command["act"])
        self.connection.emit_signal(sender, PATH, "org.freedesktop.portal.Notification", "ActionInvoked",
                                    GLib.Variant("(ssav)", (command["act"], command["key"], [])))


def main():
    portal = Portal(int(sys.argv[1]), "unable" not in sys.argv[2:])
    loop = GLib.MainLoop()
    portal.connection = Gio.bus_get_sync(Gio.BusType.SESSION, None)
    for interface in Gio.DBusNodeInfo.new_for_xml(XML).interfaces:
        portal.connection.register_object(PATH, interface, portal.call, portal.get, None)
    Gio.bus_own_name_on_connection(portal.connection, NAME, Gio.BusNameOwnerFlags.NONE, None, lambda *a: loop.quit())

    def listen():
        for line in sys.stdin:
            GLib.idle_add(portal.obey, json.loads(line))
        GLib.idle_add(loop.quit)

    threading.Thread(target=listen, daemon=True).start()
    loop.run()


if __name__ == "__main__":
    main()
