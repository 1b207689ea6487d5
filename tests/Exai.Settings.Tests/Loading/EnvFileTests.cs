namespace Exai.Settings.Tests.Loading;

public sealed class EnvFileTests
{
    [Theory]
    [InlineData("A=180  # three minutes", "180")] // trap 180
    [InlineData("A=180\t# three minutes", "180")]
    [InlineData("A=180", "180")]
    [InlineData("  A = 180  ", "180")]
    [InlineData("export A=180", "180")]
    [InlineData("A=", "")]
    [InlineData("A= # nothing", "")]
    [InlineData("A=x#y", "x#y")]
    [InlineData("A=#y", "#y")]
    [InlineData("A=b=c", "b=c")]
    [InlineData("A=\"x # y\" # comment", "x # y")]
    [InlineData("A='x # y'", "x # y")]
    [InlineData("A=\"say \\\"hi\\\"\"", "say \"hi\"")]
    [InlineData("A=\"C:\\new\\temp\"", "C:\\new\\temp")]
    [InlineData("A=\"C:\\\\new\"", "C:\\new")]
    [InlineData("A='C:\\\\new'", "C:\\\\new")]
    [InlineData("A=\"\"", "")]
    [InlineData("A=it's", "it's")]
    [InlineData("A=Grüße, 你好", "Grüße, 你好")]
    public void Line_is_read_as_written(string line, string expected)
    {
        var file = EnvFile.Parse("f", line);
        file.Errors.ShouldBeEmpty();
        file.Entries.ShouldHaveSingleItem().ShouldBe(new EnvFileEntry("A", expected, 1));
    }

    [Theory]
    [InlineData("just words")]
    [InlineData("=value")]
    [InlineData("1A=value")]
    [InlineData("A B=value")]
    [InlineData("A=\"open")]
    [InlineData("A='open")]
    [InlineData("A=\"open\\\"")]
    [InlineData("A=\"x\" y")]
    public void Line_that_cannot_be_read_is_an_error_with_its_number(string line)
    {
        var file = EnvFile.Parse("f", $"# comment\n\n{line}\nB=2");
        file.Errors.ShouldHaveSingleItem().Line.ShouldBe(3);
        file.Entries.ShouldHaveSingleItem().ShouldBe(new EnvFileEntry("B", "2", 4));
    }

    [Fact]
    public void Byte_order_mark_and_windows_line_ends_are_no_part_of_the_text()
    {
        var file = EnvFile.Parse("f", "\uFEFFA=1\r\n\r\n# note\r\nB=2\r\n");
        file.Errors.ShouldBeEmpty();
        file.Entries.ShouldBe([new EnvFileEntry("A", "1", 1), new EnvFileEntry("B", "2", 4)]);
    }

    [Fact]
    public void Error_does_not_repeat_the_line_which_may_hold_a_key() =>
        EnvFile.Parse("f", "sk-very-secret-key").Errors.ShouldHaveSingleItem().Message.ShouldNotContain("secret");
}
