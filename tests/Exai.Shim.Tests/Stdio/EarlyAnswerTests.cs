using System.Text;
using Exai.Shim.Messages;
using Exai.Shim.Stdio;

namespace Exai.Shim.Tests.Stdio;

public sealed class EarlyAnswerTests
{
    private const string Hello = """{"jsonrpc":"2.0","id":"a","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}""";

    [Theory]
    [InlineData(Hello + "\n", true)]
    [InlineData(Hello + "\r\n{\"jsonrpc\":\"2.0\",\"method\":\"notifi", true)]
    [InlineData(Hello, false)]
    [InlineData("", false)]
    [InlineData("\n" + Hello + "\n", false)]
    [InlineData("[" + Hello + "]\n", false)]
    [InlineData("""{"jsonrpc":"2.0","method":"initialize"}""" + "\n", false)]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/list"}""" + "\n", false)]
    [InlineData("not JSON\n", false)]
    public void Only_a_whole_initialize_at_the_beginning_is_answered_and_nothing_is_lost(string waiting, bool isAnswered)
    {
        var said = "";
        var early = EarlyAnswer.Give(Encoding.UTF8.GetBytes(waiting), bytes =>
        {
            said += Encoding.UTF8.GetString(bytes);
            return true;
        });
        Encoding.UTF8.GetString(early.Read).ShouldBe(waiting);
        early.To.ShouldBe(isAnswered ? new RequestId("a", 0) : null);
        (said.StartsWith("""{"jsonrpc":"2.0","id":"a","result":{"protocolVersion":"2025-06-18",""", StringComparison.Ordinal) && said.EndsWith('\n')).ShouldBe(isAnswered);
    }

    [Fact]
    public void Client_that_is_gone_has_no_answer() => EarlyAnswer.Give(Encoding.UTF8.GetBytes(Hello + "\n"), _ => false).To.ShouldBeNull();

    [Fact]
    public async Task Line_that_was_begun_is_read_to_its_end()
    {
        var lines = new List<string>();
        await new LineReader(new MemoryStream("f\nlast"u8.ToArray()), 1000, "first\nhal"u8.ToArray())
            .ReadAllAsync(line => lines.Add(Encoding.UTF8.GetString(line!)), _ => ValueTask.CompletedTask, CancellationToken.None);
        lines.ShouldBe(["first", "half", "last"]);
    }

    [Fact]
    public void What_was_answered_early_is_not_answered_again_and_the_daemon_hears_it() => ShimRig.Run(
        async rig =>
        {
            rig.Daemon.Start();
            rig.Initialized();
            await rig.LinkAsync();
            rig.Daemon.Connection.Received.First().Text.ShouldContain("\"name\":\"test\"");
            rig.ListTools("5");
            await rig.Client.ResponseAsync("5");
            rig.Client.Lines.ShouldNotContain(line => line.Text.Contains("protocolVersion", StringComparison.Ordinal));
        },
        early: EarlyAnswer.Give(Encoding.UTF8.GetBytes(Hello + "\n"), _ => true));
}
