using System.Text.Json;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.OpenAiCompatible;

/// <summary>
/// Writes the <c>messages</c> array. Messages without text and images are dropped: a filtered answer leaves one behind, and providers
/// refuse it. Reasoning is not resent; providers ignore that of earlier turns.
/// </summary>
internal static class MessageWriter
{
    public static void Write(Utf8JsonWriter json, IReadOnlyList<ChatMessage> messages)
    {
        json.WriteStartArray("messages");
        foreach (var message in messages)
        {
            var images = message.Contents.OfType<DataContent>().ToList();
            if (images.Count == 0 && string.IsNullOrWhiteSpace(message.Text))
                continue;

            json.WriteStartObject();
            json.WriteString("role", message.Role.Value);
            if (images.Count == 0)
                json.WriteString("content", message.Text);
            else
                WriteParts(json, message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteParts(Utf8JsonWriter json, ChatMessage message)
    {
        json.WriteStartArray("content");
        foreach (var content in message.Contents)
        {
            switch (content)
            {
                case TextContent { Text.Length: > 0 } text:
                    json.WriteStartObject();
                    json.WriteString("type", "text");
                    json.WriteString("text", text.Text);
                    json.WriteEndObject();
                    break;
                case DataContent data:
                    WriteImage(json, data);
                    break;
            }
        }

        json.WriteEndArray();
    }

    private static void WriteImage(Utf8JsonWriter json, DataContent data)
    {
        if (!data.HasTopLevelMediaType("image"))
        {
            var message = $"A message holds data of type {data.MediaType}; models take images only. Send other files as text.";
            throw new ProviderException(new CallError { Code = ErrorCodes.InvalidArgument, Message = message }, FailureClass.Stop);
        }

        json.WriteStartObject();
        json.WriteString("type", "image_url");
        json.WriteStartObject("image_url");
        json.WriteString("url", data.Uri);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
