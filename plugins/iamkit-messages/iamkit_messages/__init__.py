"""Mail by SMTP, text messages by an HTTP gateway, and codes sent by them as second factors."""

from iamkit_messages.configuration import Configuration
from iamkit_messages.gateway import FormGateway, SmsGateway
from iamkit_messages.plugin import MessagesPlugin
from iamkit_messages.smtp import Security, Smtp

__all__ = ["Configuration", "FormGateway", "MessagesPlugin", "Security", "SmsGateway", "Smtp"]
