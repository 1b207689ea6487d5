using System.Text;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Exai.Peers;

/// <summary>
/// The least that an MCP server can be: a loop that reads a line and writes a line. What every bridge adds is counted from here.
/// </summary>
internal static class FloorServer
{
    public static int Run()
    {
        using var input = new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0);
        using var output = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        var lines = new LineReader(input);
        while (lines.Read() is { Length: > 0 } line)
        {
            if (line.IndexOf("\"slow\""u8) >= 0)
                Task.Delay(HttpBackend.Slow, TimeProvider.System).GetAwaiter().GetResult();
            if (Answer(line) is { } answer)
                output.Write(answer);
        }

        return 0;
    }

    /// <summary>Null for a notification.</summary>
    public static byte[]? Answer(ReadOnlySpan<byte> message)
    {
        var reader = new Utf8JsonReader(message);
        string? id = null;
        string? method = null;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1)
                continue;
            var isId = reader.ValueTextEquals("id"u8);
            var isMethod = reader.ValueTextEquals("method"u8);
            reader.Read();
            if (isId)
                id = reader.TokenType == JsonTokenType.Number ? Encoding.UTF8.GetString(reader.ValueSpan) : $"\"{Encoding.UTF8.GetString(reader.ValueSpan)}\"";
            else if (isMethod)
                method = reader.GetString();
            else
                reader.Skip();
        }

        if (id is null)
            return null;
        var result = method switch
        {
            "initialize" => """{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"floor","version":"1"}}""",
            "tools/list" => """{"tools":[{"name":"version","inputSchema":{"type":"object"}},{"name":"slow","inputSchema":{"type":"object"}}]}""",
            "tools/call" => """{"content":[{"type":"text","text":"floor 1"}]}""",
            _ => "{}",
        };
        return Encoding.UTF8.GetBytes($$"""{"jsonrpc":"2.0","id":{{id}},"result":{{result}}}""" + "\n");
    }
}
