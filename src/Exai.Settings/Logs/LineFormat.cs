using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Exai.Settings.Logs;

/// <summary>An entry as one line, without its line end. Whatever is in it, it stays one line: a log that others can write lines into proves nothing.</summary>
internal static class LineFormat
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Text(LogEntry entry)
    {
        var line = new StringBuilder(128 + entry.Message.Length);
        line.Append(Timestamp(entry.Time)).Append(' ').Append(ShortName(entry.Level)).Append(' ').Append(entry.Category);
        if (entry.Event.Id != 0)
        {
            line.Append('[').Append(entry.Event.Id).Append(']');
        }

        line.Append(' ');
        AppendEscaped(line, entry.Message);
        if (entry.Exception is { } exception)
        {
            line.Append(" | ");
            AppendEscaped(line, exception.ToString());
        }

        return line.ToString();
    }

    public static string Json(LogEntry entry)
    {
        var buffer = new ArrayBufferWriter<byte>(256 + entry.Message.Length);
        using (var json = new Utf8JsonWriter(buffer, Relaxed))
        {
            json.WriteStartObject();
            json.WriteString("time", Timestamp(entry.Time));
            json.WriteString("level", LongName(entry.Level));
            json.WriteString("category", entry.Category);
            if (entry.Event.Id != 0)
            {
                json.WriteNumber("event", entry.Event.Id);
            }

            json.WriteString("message", entry.Message);
            WriteValues(json, entry.Values);
            if (entry.Exception is { } exception)
            {
                json.WriteString("exception", exception.ToString());
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    internal static string LongName(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "critical",
    };

    internal static string Timestamp(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static string ShortName(LogLevel level) => level switch
    {
        LogLevel.Trace => "TRC",
        LogLevel.Debug => "DBG",
        LogLevel.Information => "INF",
        LogLevel.Warning => "WRN",
        LogLevel.Error => "ERR",
        _ => "CRT",
    };

    private static void WriteValues(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>>? values)
    {
        // The last one is the message's template. Text is enough here, and needs no reflection over unknown types.
        if (values is null || values.Count <= 1)
        {
            return;
        }

        json.WriteStartObject("values");
        foreach (var (name, value) in values)
        {
            if (name != "{OriginalFormat}")
            {
                json.WriteString(name, value is IFormattable formattable ? formattable.ToString(null, CultureInfo.InvariantCulture) : value?.ToString());
            }
        }

        json.WriteEndObject();
    }

    private static void AppendEscaped(StringBuilder line, string text)
    {
        foreach (var c in text)
        {
            switch (c)
            {
                case '\n':
                    line.Append("\\n");
                    break;
                case '\r':
                    line.Append("\\r");
                    break;
                case '\t':
                    line.Append("\\t");
                    break;
                default:
                    // Other control characters would steer a terminal; U+0085, U+2028 and U+2029 end a line for some readers.
                    if (char.IsControl(c) || c is '\u2028' or '\u2029')
                    {
                        line.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                    }
                    else
                    {
                        line.Append(c);
                    }

                    break;
            }
        }
    }
}
