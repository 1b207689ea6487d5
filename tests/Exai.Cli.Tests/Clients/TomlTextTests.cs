using Exai.Cli.Clients;

namespace Exai.Cli.Tests.Clients;

/// <summary>A change of one table leaves every other line alone.</summary>
public sealed class TomlTextTests
{
    private const string Others = "model = \"gpt\" # mine\n\n[mcp_servers.other]\ncommand = \"x\"\n";
    private static readonly ProgramCommand Program = new(@"C:\tools\exai.exe", ["shim"]);

    [Theory]
    [InlineData("")]
    [InlineData(Others)]
    [InlineData("model = \"gpt\"")]
    public void Table_is_added_once_at_the_end_and_taken_out_again(string text)
    {
        var set = TomlText.Set(text, "mcp_servers.exai", Program);

        set.ShouldStartWith(text);
        set.ShouldEndWith("[mcp_servers.exai]\ncommand = \"C:\\\\tools\\\\exai.exe\"\nargs = [\"shim\"]\n");
        TomlText.Set(set, "mcp_servers.exai", Program).ShouldBe(set);
        TomlText.Remove(set, "mcp_servers.exai").TrimEnd().ShouldBe(text.TrimEnd());
    }

    [Fact]
    public void What_the_user_set_in_the_table_and_after_it_stays()
    {
        const string Text = "[mcp_servers.exai]\ncommand = \"old\"\nargs = []\ntool_timeout_sec = 600\n\n[mcp_servers.exai.env]\nA = \"b\"\n\n[z]\ny = 1\n";

        var set = TomlText.Set(Text, "mcp_servers.exai", Program);

        set.ShouldContain("tool_timeout_sec = 600");
        set.ShouldContain("[mcp_servers.exai.env]\nA = \"b\"");
        set.ShouldNotContain("old");
        TomlText.Remove(set, "mcp_servers.exai").ShouldBe("[z]\ny = 1\n");
    }
}
