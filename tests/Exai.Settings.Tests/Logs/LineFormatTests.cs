using System.Text.Json;
using Exai.Settings.Logs;
using Microsoft.Extensions.Logging;

namespace Exai.Settings.Tests.Logs;

public sealed class LineFormatTests
{
    private static readonly DateTimeOffset Time = new(2026, 11, 21, 10, 0, 0, 5, TimeSpan.Zero);

    [Fact]
    public void Text_line_says_when_how_grave_who_and_what() =>
        LineFormat.Text(new LogEntry(Time, LogLevel.Warning, "Exai.Link", new EventId(12), "link lost"))
            .ShouldBe("2026-11-21T10:00:00.005Z WRN Exai.Link[12] link lost");

    [Fact]
    public void Line_ends_in_message_and_exception_do_not_end_the_line()
    {
        var entry = new LogEntry(Time, LogLevel.Error, "C", default, "a\r\nb\u2028c\u0085d\u001b[31me") { Exception = new InvalidOperationException("x\ny") };
        var text = LineFormat.Text(entry);
        text.ShouldBe("2026-11-21T10:00:00.005Z ERR C a\\r\\nb\\u2028c\\u0085d\\u001b[31me | System.InvalidOperationException: x\\ny");
        LineFormat.Json(entry).ShouldNotContain("\n");
    }

    [Fact]
    public void Json_line_keeps_the_named_values()
    {
        var json = JsonDocument.Parse(LineFormat.Json(new LogEntry(Time, LogLevel.Information, "C", new EventId(7), "call 你 took 1.5 s")
        {
            Values = [new("CallId", "你"), new("Seconds", 1.5), new("Nothing", null), new("{OriginalFormat}", "call {CallId} took {Seconds} s")],
            Exception = new InvalidOperationException("why"),
        })).RootElement;
        json.GetProperty("time").GetString().ShouldBe("2026-11-21T10:00:00.005Z");
        json.GetProperty("level").GetString().ShouldBe("info");
        json.GetProperty("event").GetInt32().ShouldBe(7);
        json.GetProperty("message").GetString().ShouldBe("call 你 took 1.5 s");
        json.GetProperty("values").GetRawText().ShouldBe("""{"CallId":"你","Seconds":"1.5","Nothing":null}""");
        json.GetProperty("exception").GetString()!.ShouldContain("why");
    }
}
