using Exai.Settings.Logs;

namespace Exai.Settings.Tests.Logs;

public sealed class RollingFileTests : IDisposable
{
    private readonly TempHome _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Full_file_is_put_aside_and_the_oldest_goes()
    {
        var path = _temp.Beside("x.log");
        using (var file = new RollingFile(path, maxBytes: 10, maxFiles: 3))
        {
            for (var i = 1; i <= 7; i++)
            {
                file.Write($"line{i}"); // six bytes: one to a file
            }
        }

        File.ReadAllText(path).ShouldBe("line7\n");
        File.ReadAllText(path + ".1").ShouldBe("line6\n");
        File.ReadAllText(path + ".2").ShouldBe("line5\n");
        File.Exists(path + ".3").ShouldBeFalse();
    }

    [Fact]
    public void Line_longer_than_a_file_is_written_whole()
    {
        var path = _temp.Beside("x.log");
        using var file = new RollingFile(path, maxBytes: 4, maxFiles: 2);
        file.Write("a long line");
        file.Write("another one");
        File.ReadAllText(path).ShouldBe("another one\n");
        File.ReadAllText(path + ".1").ShouldBe("a long line\n");
    }

    [Fact]
    public void Existing_file_is_continued()
    {
        var path = _temp.Beside("x.log");
        File.WriteAllText(path, "before\n");
        using var file = new RollingFile(path, maxBytes: 1000, maxFiles: 2);
        file.Write("after");
        File.ReadAllText(path).ShouldBe("before\nafter\n");
    }

    /// <summary>During a restart two generations log to one file.</summary>
    [Fact]
    public void Two_writers_keep_each_others_lines_and_follow_each_others_rolling()
    {
        var path = _temp.Beside("x.log");
        using var old = new RollingFile(path, maxBytes: 12, maxFiles: 5);
        using var young = new RollingFile(path, maxBytes: 12, maxFiles: 5);
        old.Write("old 1");
        young.Write("new 1");
        young.Write("new 2");
        old.Write("old 2");
        File.ReadAllText(path + ".1").ShouldBe("old 1\nnew 1\n");
        File.ReadAllText(path).ShouldBe("new 2\nold 2\n");
        File.Exists(path + ".2").ShouldBeFalse();
    }
}
