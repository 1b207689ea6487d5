using Exai.Settings.Logs;
using Microsoft.Extensions.Logging;

namespace Exai.Settings.Tests.Logs;

/// <summary>Trap 170: 500 warnings "1011 keepalive ping timeout" in five minutes.</summary>
public sealed class RepeatCollapserTests
{
    private readonly ManualTime _time = new();
    private readonly RepeatCollapser _collapser = new();
    private readonly List<LogEntry> _written = [];

    [Fact]
    public void Same_warning_500_times_stands_there_once_with_a_count()
    {
        for (var i = 0; i < 500; i++)
        {
            Add(LogLevel.Warning, "keepalive ping timeout");
        }

        _collapser.TakeAll(_written);
        _written.Select(entry => entry.Message).ShouldBe(["keepalive ping timeout", "repeated 499 times: the warning of 2026-11-21T10:00:00.000Z"]);
    }

    [Fact]
    public void Other_lines_in_between_do_not_bring_it_back()
    {
        for (var i = 0; i < 500; i++)
        {
            Add(LogLevel.Warning, "keepalive ping timeout");
            Add(LogLevel.Information, $"line {i}");
            Advance(0.6);
        }

        _collapser.TakeAll(_written);
        _written.Count(entry => entry.Message == "keepalive ping timeout").ShouldBe(1);
        var counts = _written.Where(entry => entry.Message.StartsWith("repeated", StringComparison.Ordinal)).ToList();
        counts.Count.ShouldBeLessThan(8);
        counts.Sum(entry => int.Parse(entry.Message.Split(' ')[1])).ShouldBe(499);
        _written.Count(entry => entry.Level == LogLevel.Information).ShouldBe(500);
    }

    [Fact]
    public void Count_comes_with_the_next_line_after_ten_seconds()
    {
        Add(LogLevel.Error, "e");
        Add(LogLevel.Error, "e");
        Advance(9.9);
        Add(LogLevel.Information, "early");
        Advance(0.2);
        Add(LogLevel.Information, "late");
        _written.Select(entry => entry.Message).ShouldBe(["e", "early", "repeated 1 time: the error of 2026-11-21T10:00:00.000Z", "late"]);
    }

    [Fact]
    public void Warning_that_stayed_away_for_its_time_is_news_again()
    {
        Add(LogLevel.Warning, "w");
        Advance(11);
        Add(LogLevel.Warning, "w");
        _written.Select(entry => entry.Message).ShouldBe(["w", "w"]);
    }

    [Fact]
    public void Information_is_never_collapsed()
    {
        Add(LogLevel.Information, "i");
        Add(LogLevel.Information, "i");
        _written.Count.ShouldBe(2);
    }

    [Fact]
    public void Warnings_that_differ_are_all_written_and_the_memory_of_them_is_bounded()
    {
        for (var i = 0; i < 1000; i++)
        {
            Add(LogLevel.Warning, $"w{i}");
            Add(LogLevel.Warning, $"w{i}");
        }

        _collapser.TakeAll(_written);
        _written.Count(entry => entry.Message.StartsWith('w')).ShouldBe(1000);
        _written.Count(entry => entry.Message.StartsWith("repeated 1 time", StringComparison.Ordinal)).ShouldBe(1000);
    }

    private void Add(LogLevel level, string message) =>
        _collapser.Add(new LogEntry(_time.GetUtcNow(), level, "C", default, message), _written);

    private void Advance(double seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));
}
